/**
 * uPlot without what this dashboard never asks it for. uPlot hangs everything it can do on one
 * object and decides by options, so a bundler must keep it all; with those options written into its
 * text the minifier finds out by itself what cannot happen. The page draws lines over time on plain
 * scales, writes its own axes' numbers and its own legend: 5 KB less for every visitor.
 *
 * Invariant: each replacement finds its text, so another version of uPlot fails the build instead
 * of growing or breaking the page; the browser tests draw, zoom and point in the result.
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

const REPLACEMENTS: readonly (readonly [pattern: RegExp, text: string])[] = [
  // Bars, steps and splines, and joining tables.
  [/\(paths\.stepped = stepped\);/, ''],
  [/\(paths\.bars {4}= bars\);/, ''],
  [/\(paths\.spline {2}= monotoneCubic\);/, ''],
  [/uPlot\.join = join;/, ''],
  [/uPlot\.(fmtDate|tzDate) += \1;/g, ''],
  // Pure, so that they go with what needs them.
  [/= (days|months)\.map\(slice3\);/g, '= $1;'],
  // Its legend: the card around a chart shows the values.
  [/const showLegend = legend\.show;/, ''],
  [/\bshowLegend\b/g, 'false'],
  [/function initLegendRow[\s\S]+?\n\t}\n/, ''],
  [/if \(legend\.show && legend\.live && shouldSetLegend\)/, 'if (false)'],
  // Scales that are not plain numbers or times, and charts that are not lines over one axis.
  [/\b(\w+\.)?distr ==\s+(2|3|4|100)\b/g, 'false'],
  [/\b(\w+\.)?distr != 2\b/g, 'true'],
  [/sc\.distr >= 3/g, 'false'],
  [/\bmode == 2\b/g, 'false'],
  [/\bmode == 1\b/g, 'true'],
  // The time runs from left to right.
  [/\b(scaleX|sx)\.ori == 0/g, 'true'],
  [/\bscaleX\.ori == 1/g, 'false'],
  // Dates as text: every axis and every series has a function for that.
  [/av \|\| _timeAxisVals/, 'av'],
  [/isArr\(av\) \?\s+timeAxisVals\(_tzDate, timeAxisStamps\(av, _fmtDate\)\) :/, ''],
  [/isStr\(av\) \?\s+timeAxisVal\(_tzDate, av\) :/, ''],
  [/\(isStr\(sv\) \? timeSeriesVal\([^;]+ : sv \|\| _timeSeriesVal\)/, 'sv'],
  [/const _fmtDate = .+;/, ''],
  [/const _timeAxisVals {3}= .+;/, ''],
  [/const _timeSeriesVal {2}= .+;/, ''],
];

export const leanUplot: Plugin = {
  name: 'lean-uplot',
  setup({ onLoad }) {
    onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [pattern, text] of REPLACEMENTS) {
        const before = contents;
        contents = contents.replace(pattern, text);
        if (contents === before) throw new Error(`uPlot has changed: no ${pattern} in it`);
      }
      return { contents };
    });
  },
};
