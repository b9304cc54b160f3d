/** The look of the HTML report, light and dark, and on paper. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#fbfbfd;--fg:#1c2330;--soft:#667085;--line:#e3e6ee;--card:#fff;
--c1:#2563eb;--c2:#d97706;--c3:#dc2626;--good:#15803d;--bad:#b91c1c}
@media(prefers-color-scheme:dark){:root{--bg:#0f1420;--fg:#e6e9f0;--soft:#97a0b3;--line:#283044;
--card:#171e2d;--c1:#60a5fa;--c2:#fbbf24;--c3:#f87171;--good:#4ade80;--bad:#f87171}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{margin:0;font-size:26px}h2{font-size:17px;margin:32px 0 10px}
header p,figcaption,.card span,p{color:var(--soft)}header p{margin:4px 0 20px}
.verdict{list-style:none;margin:0 0 18px;padding:10px 14px;border-left:4px solid;
background:var(--card)}
.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.card b{display:block;font-size:24px;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:14px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px}
figcaption{font-size:14px;margin-bottom:4px}
svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:11px}
.grid{stroke:var(--line)}.line{fill:none;stroke-width:1.8}.tip{fill:transparent}
.tip:hover{fill:var(--fg)}
.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}.line.c3{stroke:var(--c3)}
.dot.c1{fill:var(--c1)}.dot.c2{fill:var(--c2)}.dot.c3{fill:var(--c3)}
.key{margin-left:14px}.key::before{content:"";display:inline-block;width:14px;height:3px;
margin-right:5px;vertical-align:middle}
.key.c1::before{background:var(--c1)}.key.c2::before{background:var(--c2)}
.key.c3::before{background:var(--c3)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line)}
th,td{padding:6px 12px;text-align:right;border-bottom:1px solid var(--line);
font-variant-numeric:tabular-nums;white-space:nowrap}
th{color:var(--soft);font-weight:600}th:first-child,td:first-child{text-align:left}
@media print{figure,section{break-inside:avoid}}
`;
