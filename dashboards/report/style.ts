/** The report's style sheet. Each colour has a light and a dark value; text has a contrast of at least 4.5 in both. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#fbfbf9, #13161a); --surface: light-dark(#ffffff, #1a1e23); --ink: light-dark(#1a1f25, #e6e9ec);
  --muted: light-dark(#58626d, #9ba6b1); --line: light-dark(#e4e6e8, #2c3238);
  --good: light-dark(#17703f, #56c78c); --bad: light-dark(#b8301c, #ff8674); --warn: light-dark(#8a5800, #e0ad55);
  --good-soft: light-dark(#d9eee1, #1d3a2b); --bad-soft: light-dark(#f8ddd8, #45231f); --warn-soft: light-dark(#f6e8cc, #3e3117);
  --c1: light-dark(#2660a8, #74abf5); --c2: light-dark(#c2620c, #f0a35e); --c3: light-dark(#6f4ca3, #b79ee6);
  --c4: light-dark(#16796d, #5ccabb); --c5: light-dark(#b03067, #ee8db5); --c6: light-dark(#67717b, #9ba6b1);
  font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif;
}
:root.paper { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; }
main, header.top, footer { max-width: 1180px; margin: 0 auto; padding: 0 28px; }
a { color: var(--c1); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--c1); outline-offset: 2px; border-radius: 3px; }
code { font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .muted { color: var(--muted); }

header.top { padding-top: 36px; }
.crumb { margin: 0 0 18px; color: var(--muted); font-size: 13.5px; }
.crumb b { color: var(--ink); font-weight: 600; }
.verdict { display: flex; gap: 16px; align-items: baseline; border-left: 5px solid currentColor; padding: 2px 0 2px 18px; }
.verdict h1 { margin: 0; font-size: 27px; line-height: 1.28; font-weight: 640; letter-spacing: -.012em; color: var(--ink); text-wrap: balance; }
.verdict h1 span { color: inherit; } .verdict.good h1 span { color: var(--good); } .verdict.bad h1 span { color: var(--bad); } .verdict.warn h1 span { color: var(--warn); }
.run { display: flex; flex-wrap: wrap; gap: 6px 34px; margin: 22px 0 0; padding: 0; font-size: 13.5px; }
.run div { display: flex; flex-direction: column; } .run dt { color: var(--muted); font-size: 12.5px; } .run dd { margin: 0; }
nav { margin: 24px 0 0; padding: 9px 0; border-block: 1px solid var(--line); font-size: 13.5px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0; padding: 0; list-style: none; }
nav a { color: var(--ink); text-decoration: none; } nav a:hover { text-decoration: underline; }

section { margin: 40px 0 0; }
h2 { margin: 0 0 14px; font-size: 17.5px; font-weight: 640; letter-spacing: -.005em; }
h3 { margin: 0; font-size: 14px; font-weight: 600; }

.objective { display: grid; grid-template-columns: minmax(222px, 1.2fr) 152px minmax(230px, 2.3fr) 148px; gap: 2px 26px; align-items: center; padding: 13px 0 12px; border-top: 1px solid var(--line); }
.objective:last-child { border-bottom: 1px solid var(--line); }
.objective h3 span { font-weight: 400; white-space: nowrap; }
.objective code { color: var(--muted); }
.measured, .outcome { display: flex; flex-direction: column; }
.measured b { font-size: 19px; font-weight: 600; line-height: 1.25; white-space: nowrap; }
.measured span, .outcome span { font-size: 12.5px; color: var(--muted); }
.outcome b { font-size: 14.5px; font-weight: 640; } .outcome b span { color: inherit; font-size: inherit; }
.reason { grid-column: 1 / -1; margin: 5px 0 0; max-width: 108ch; font-size: 12.75px; line-height: 1.45; color: var(--muted); }

.scale { display: grid; gap: 3px; padding-top: 2px; }
.track { position: relative; height: 30px; }
.track::before { content: ""; position: absolute; inset: 19px 0 auto; height: 6px; background: var(--line); border-radius: 3px; }
.track i { position: absolute; top: 19px; height: 6px; }
.track .good { background: var(--good-soft); box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--good) 35%, transparent); border-radius: 3px; }
.track .beyond { background: var(--bad-soft); border-radius: 3px; }
.track .span { top: 21px; height: 2px; min-width: 2px; background: var(--ink); }
.track .span::before, .track .span::after { content: ""; position: absolute; top: -3px; height: 8px; width: 1.5px; background: var(--ink); }
.track .span::before { left: 0; } .track .span::after { right: 0; }
.track .dot { position: absolute; top: 17px; width: 10px; height: 10px; margin-left: -5px; border-radius: 50%; background: var(--ink); box-shadow: 0 0 0 2px var(--bg); }
.tick { position: absolute; top: 4px; height: 23px; border-left: 1.5px solid var(--ink); }
.tick.alert { border-left: 1.5px dashed var(--bad); }
.tick em { position: absolute; top: -5px; font-style: normal; font-size: 11.5px; line-height: 16px; white-space: nowrap; color: var(--ink); }
.tick.alert em { color: var(--bad); }
.tick.right em { left: 5px; } .tick.left em { right: 5px; }

.first { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 18px 22px; max-width: 108ch; }
.first p { margin: 0 0 6px; } .first p:last-child { margin: 0; } .first ul { margin: 0 0 8px; padding-left: 20px; }

.timeline { display: grid; gap: 6px; font-size: 12.75px; } .lane { display: grid; grid-template-columns: 88px 1fr; align-items: center; } .lane > b { font-weight: 500; color: var(--muted); }
.track-of-time { position: relative; min-height: 24px; } .track-of-time p { margin: 0; }
.stretch { position: absolute; inset-block: 0; padding: 2px 8px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; background: var(--surface); border: 1px solid var(--line); border-radius: 4px; color: var(--muted); } .stretch b { color: var(--ink); font-weight: 600; }
.stretch.alert { min-width: 8px; background: var(--bad-soft); border-color: color-mix(in srgb, var(--bad) 40%, transparent); color: var(--ink); } .stretch.faults { background: var(--warn-soft); border-color: color-mix(in srgb, var(--warn) 45%, transparent); color: var(--ink); }
.pin { position: absolute; inset-block: 0; border-left: 2px solid var(--bad); } .pin em { position: absolute; top: 2px; font-style: normal; white-space: nowrap; color: var(--bad); } .pin.right em { left: 7px; } .pin.left em { right: 9px; }
.ends > div { display: flex; justify-content: space-between; gap: 16px; color: var(--muted); }

.panels { display: grid; grid-template-columns: repeat(24, minmax(0, 1fr)); gap: 16px; }
.row { margin-top: 30px; } .note.row { margin-top: 20px; } .row h2 { margin-bottom: 12px; }
figure { margin: 0; padding: 13px 16px 10px; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; grid-column: span 12; min-width: 0; break-inside: avoid; display: flex; flex-direction: column; }
figure.w4 { grid-column: span 8; } figure.w6 { grid-column: span 6; } figure.w8 { grid-column: span 16; } figure.w24 { grid-column: span 24; }
#under-load-panels .w6 { grid-column: span 12; } #under-load-panels figure:last-child:nth-child(odd) { grid-column: span 24; }
figcaption { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 12px; margin-bottom: 6px; }
figure.of-number figcaption h3, figure.of-state figcaption h3 { flex-basis: 100%; color: var(--muted); font-weight: 500; }
.headline { font-size: 24px; font-weight: 620; line-height: 1.3; letter-spacing: -.01em; }
.at { font-size: 11.5px; color: var(--muted); min-height: 17px; margin-left: auto; }
.plot { margin: 0 -6px; min-height: 120px; } .of-lines .plot, .of-stacked .plot { min-height: 210px; }
.of-number .legend, .of-number .at { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: 1px 18px; margin: 4px 0 2px; padding: 0; list-style: none; font-size: 12.5px; color: var(--muted); }
.legend li { display: flex; align-items: center; gap: 6px; } .legend b { color: var(--ink); font-weight: 600; }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 2.5px; margin-right: 6px; flex: none; } .legend .key { margin: 0; }
.k1 { background: var(--c1); } .k2 { background: var(--c2); } .k3 { background: var(--c3); } .k4 { background: var(--c4); } .k5 { background: var(--c5); } .k6 { background: var(--c6); }
.note { margin: 4px 0 0; font-size: 12.5px; color: var(--muted); }
details { margin-top: auto; padding-top: 6px; font-size: 12.5px; color: var(--muted); } summary { cursor: pointer; width: fit-content; }
details p { margin: 6px 0; color: var(--ink); } .query { display: block; margin: 6px 0; padding: 7px 9px; background: var(--bg); border-radius: 5px; font-size: 11.5px; color: var(--ink); }
.numbers { max-height: 260px; overflow: auto; }
.numbers table { font-size: 12px; }

.pie { display: flex; flex-direction: column; gap: 8px; align-items: center; } .pie svg { width: 118px; margin: 6px 0; }
table { border-collapse: collapse; text-align: left; } th { font-weight: 500; }
.tiny { font-size: 12.75px; width: 100%; } .tiny td { text-align: right; padding-left: 10px; } .tiny th { font-weight: 400; }
.bars { font-size: 12.75px; width: 100%; } .bars th { width: 1%; white-space: nowrap; padding: 2px 10px 2px 0; font-weight: 400; } .bars td:last-child { width: 1%; text-align: right; padding-left: 10px; }
.bar i { display: block; height: 11px; min-width: 2px; background: var(--c1); border-radius: 2px; }
.gauges { display: flex; justify-content: space-around; gap: 12px; padding: 10px 0 6px; } .gauge { display: flex; flex-direction: column; align-items: center; } .gauge svg { width: 148px; } .gauge b { font-size: 22px; font-weight: 620; margin-top: -26px; } .gauge span { font-size: 12.5px; color: var(--muted); margin-top: 2px; }
svg.looks { width: 100%; display: block; } svg.looks text { font-size: 12px; fill: var(--ink); } svg.looks text.far { fill: var(--muted); } svg.looks { overflow: visible; } @media (max-width: 560px) { svg.looks text { font-size: 16px; } } .of-looks code { color: var(--muted); font-weight: 400; }
.strip { width: 100%; height: 16px; border-radius: 3px; margin: 14px 0 4px; display: block; }

.facts { font-size: 13.25px; width: 100%; } .facts td, .facts th { padding: 4px 18px 4px 0; vertical-align: top; border-top: 1px solid var(--line); } .facts th { white-space: nowrap; width: 25ch; } .facts td:first-child { padding-right: 8px; } .facts td { overflow-wrap: anywhere; }
.grid { font-size: 13.25px; } .grid th, .grid td { padding: 4px 20px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; } .grid thead th { color: var(--muted); font-size: 12.5px; } .grid td { text-align: right; } .grid td:last-child { text-align: left; padding-right: 0; } .queries td:first-child { text-align: left; min-width: 320px; } .queries p { margin: 0; }
.compared { width: 100%; margin-top: 10px; } .compared td { text-align: left; } .compared tbody th { min-width: 190px; } .compared th code, .compared td span:not([aria-hidden]) { display: block; color: var(--muted); font-weight: 400; } .compared td b { font-weight: 600; white-space: nowrap; } .compared .why { font-size: 12.5px; max-width: 34ch; } .others td { text-align: left; overflow-wrap: anywhere; }
.queries thead th:not(:first-child, :last-child), .counts thead th:not(:first-child, :last-child) { text-align: right; } .numbers .grid td, .numbers .grid tr:first-child th:not(:first-child) { text-align: right; padding-right: 20px; }
.grid thead th:last-child { padding-right: 0; }
.wide { overflow-x: auto; }
footer { margin: 48px auto 40px; padding-top: 14px; font-size: 12.75px; color: var(--muted); } footer p { border-top: 1px solid var(--line); padding-top: 14px; }
@media (max-width: 900px) { .objective { grid-template-columns: 1fr 110px; } .scale { grid-column: 1 / -1; } figure, figure.w4, figure.w6, figure.w8 { grid-column: span 24; } main, header.top, footer { padding: 0 16px; } }
@media print {
  :root { font-size: 12px; } body { background: none; } nav, .of-number .at { display: none; } main, header.top, footer { max-width: none; padding: 0; }
  section { break-inside: auto; margin-top: 22px; } .objective, figure, tr { break-inside: avoid; } h2 { break-after: avoid; } figure, .first { box-shadow: none; } .panels { gap: 10px; }
}
`;
