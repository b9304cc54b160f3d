/**
 * Which models and endpoints have labels of their own, and what traffic measured for each label.
 * Invariant: however many there are, at most MAX_MODELS models and MAX_ENDPOINTS endpoints are
 * named; the rest is summed under "other" (endpoints by model), so sums stay true.
 */
import type { EndpointSpec } from '../../core/endpoint.ts';
import { addRow, METER_CELLS } from '../../state/meters.ts';
import { labelsOf } from './metrics-page.ts';
import type { TrafficLedger } from './traffic-ledger.ts';

export const MAX_MODELS = 200;
export const MAX_ENDPOINTS = 1000;
const OTHER = 'other';

/** One value of the labels, with the endpoints that it stands for. */
export interface LabelSeries {
  /** As the exposition writes them, without braces. */
  readonly labels: string;
  readonly endpoints: EndpointSpec[];
  /** METER_CELLS, over all workers. */
  readonly row: Float64Array;
}

export interface FleetSeries {
  readonly models: readonly LabelSeries[];
  readonly endpoints: readonly LabelSeries[];
  readonly foldedModels: number;
  readonly foldedEndpoints: number;
}

/** Reads the fleet of now, endpoints that still drain included. */
export function fleetSeries(ledger: TrafficLedger): FleetSeries {
  const models = new Map<string, LabelSeries>();
  const endpoints = new Map<string, LabelSeries>();
  const named = new Set<string>();
  const foldedModels = new Set<string>();
  let count = 0;
  for (const [slot, endpoint] of ledger.followed()) {
    const { modelName, apiBase } = endpoint;
    if (named.size < MAX_MODELS) named.add(modelName);
    const isNamed = named.has(modelName);
    if (!isNamed) foldedModels.add(modelName);
    const model = isNamed ? modelName : OTHER;
    const address = ++count <= MAX_ENDPOINTS ? apiBase : OTHER;
    const ofModel = seriesOf(models, { model });
    const ofEndpoint = seriesOf(endpoints, { model, endpoint: address });
    const row = new Float64Array(METER_CELLS);
    ledger.addSlot(slot, row);
    for (const series of [ofModel, ofEndpoint]) {
      series.endpoints.push(endpoint);
      addRow(row, 0, series.row);
    }
  }
  for (const [model, row] of ledger.left()) {
    const series = models.get(labelsOf({ model: foldedModels.has(model) ? OTHER : model }));
    if (series !== undefined) addRow(row, 0, series.row);
  }
  return {
    models: [...models.values()],
    endpoints: [...endpoints.values()],
    foldedModels: foldedModels.size,
    foldedEndpoints: Math.max(0, count - MAX_ENDPOINTS),
  };
}

function seriesOf(
  all: Map<string, LabelSeries>,
  names: Readonly<Record<string, string>>,
): LabelSeries {
  const labels = labelsOf(names);
  let series = all.get(labels);
  if (series === undefined) {
    series = { labels, endpoints: [], row: new Float64Array(METER_CELLS) };
    all.set(labels, series);
  }
  return series;
}
