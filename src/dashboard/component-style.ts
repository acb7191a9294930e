/**
 * The style of the components: tiles, panels, tables, charts, forms.
 *
 * @module
 */

/**
 * CSS, to follow that of the frame. Shadows at the sides of a `.scroll` show that there is more content; at
 * the end of the content they are covered. A long `.key-name` is cut to the width that the figures leave.
 */
export const COMPONENT_STYLE = `
.tiles { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 1px; margin-bottom: var(--s4); background: var(--edge);
  border: 1px solid var(--edge); border-radius: 10px; overflow: hidden; box-shadow: var(--shadow); }
.tile { display: flex; flex-direction: column; padding: var(--s4); background: var(--surface); min-width: 0; }
.tile dt, label { color: var(--soft); font-size: var(--small); font-weight: 500; }
.tile .value { margin: 2px 0; font-size: var(--figure); line-height: 1.25; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile .detail { color: var(--soft); font-size: .75rem; line-height: 1.4; }
.tile.bad .value { color: var(--bad); }

.grid { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: var(--s4); align-items: start; }
.panel { min-width: 0; padding: var(--s4); background: var(--surface); border: 1px solid var(--edge); border-radius: 10px; box-shadow: var(--shadow); }
.grid .panel { height: 100%; }
.wide { grid-column: 1 / -1; }
.panel > * + * { margin-top: var(--s3); }
.panel > header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: var(--s1) var(--s3); }
.note { color: var(--soft); font-size: var(--small); }
.lead { font-size: 1rem; }
.issues { display: grid; gap: var(--s1); }
.issues li { padding-left: var(--s3); border-left: 3px solid var(--warn); }

.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(180px, 100%), 1fr)); gap: var(--s2) var(--s5); }
.facts div { display: flex; flex-direction: column; min-width: 0; }
.facts dt { color: var(--soft); font-size: .75rem; }
.facts dd { font-weight: 500; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }

.pill { display: inline-block; padding: 0 var(--s2); border-radius: 10px; font-size: .75rem; font-weight: 600; line-height: 20px; white-space: nowrap; vertical-align: middle; }
.pill.good, .message.good { color: var(--good); background: var(--good-bg); }
.pill.warn { color: var(--warn); background: var(--warn-bg); }
.pill.bad, .message.bad { color: var(--bad); background: var(--bad-bg); }
.pill.quiet { color: var(--soft); background: var(--quiet-bg); }

.bar { display: block; width: 100%; height: 6px; }
.bar .rail { fill: var(--sunken); }
.bar .fill, .history .good { fill: var(--line-teal); }
.bar.warn .fill, .history .warn { fill: var(--line-amber); }
.bar.bad .fill, .history .bad { fill: var(--line-red); }
td .bar { width: 72px; height: 4px; margin: 3px 0 2px auto; }
.history { display: block; width: 100%; height: 24px; background: var(--sunken); border-radius: 4px; }

.scroll { position: relative; overflow: auto; max-height: 640px; border: 1px solid var(--edge); border-radius: 8px;
  background: linear-gradient(to right, var(--surface) 40%, transparent) left / 40px 100% no-repeat local,
    linear-gradient(to left, var(--surface) 40%, transparent) right / 40px 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 14px 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) right / 14px 100% no-repeat scroll; }
table { width: 100%; border-collapse: collapse; font-size: var(--small); font-variant-numeric: tabular-nums; }
th, td { padding: var(--s2) var(--s3); text-align: left; vertical-align: middle; white-space: nowrap; border-bottom: 1px solid var(--edge); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--sunken); color: var(--soft); font-size: .75rem; font-weight: 600; }
tbody th { max-width: 420px; overflow: hidden; text-overflow: ellipsis; font-weight: 500; }
td:last-child:has(form) { text-align: right; }
tbody th:has(.key-name) { width: 100%; max-width: 0; }
tbody th .key-name { display: inline-block; max-width: calc(100% - 150px); overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
tbody th .soft:has(+ .key-name) { display: inline-block; max-width: 140px; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
tbody tr:hover { background: color-mix(in srgb, var(--sunken) 50%, transparent); }
.number { text-align: right; }
.below { display: block; overflow: hidden; text-overflow: ellipsis; }

.plot { width: 100%; height: 220px; overflow: hidden; }
.plot .uplot { font-family: inherit; }
@media (scripting: none) { .plot { display: none; } }
.legend, .evidence { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s4); margin-top: var(--s2); color: var(--soft); font-size: var(--small); }
.legend b, .evidence b { color: var(--text); font-weight: 600; font-variant-numeric: tabular-nums; }
.key { display: inline-block; width: 10px; height: 3px; margin-right: 4px; vertical-align: middle; border-radius: 2px; }
.key.teal { background: var(--line-teal); } .key.blue { background: var(--line-blue); }
.key.violet { background: var(--line-violet); } .key.green { background: var(--line-green); }
.key.amber { background: var(--line-amber); } .key.pink { background: var(--line-pink); }
.key.red { background: var(--line-red); } .key.grey { background: var(--line-grey); }
details { margin-top: var(--s3); }
summary { width: max-content; color: var(--soft); font-size: var(--small); cursor: pointer; }
summary:hover { color: var(--text); }
details[open] summary { margin-bottom: var(--s2); }
details .scroll { max-height: 320px; }

.empty { padding: var(--s5) var(--s4); text-align: center; color: var(--soft); background: var(--sunken); border-radius: 8px; font-size: var(--small); }
.panel:has(> .empty) { display: flex; flex-direction: column; }
.panel > .empty { flex: 1; display: grid; align-content: center; }
.empty-title { color: var(--text); font-size: .9375rem; font-weight: 600; }
.message { margin-bottom: var(--s4); padding: var(--s3) var(--s4); background: var(--quiet-bg); border-radius: 8px; }
.panel .message { margin-bottom: 0; font-size: var(--small); }

.cards { display: grid; grid-template-columns: minmax(0, 1fr); gap: var(--s2); }
.card { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: var(--s3); padding: var(--s3) var(--s4);
  border: 1px solid var(--edge); border-left: 3px solid var(--soft); border-radius: 8px; }
.card.bad { border-left-color: var(--bad); }
.card.warn { border-left-color: var(--warn); }
.card > div { flex: 1 1 280px; min-width: 0; }
.card p { margin-top: var(--s1); color: var(--soft); font-size: var(--small); overflow-wrap: anywhere; }

form.inline { display: inline; }
.panel > form.inline { display: block; }
.stack { display: grid; gap: var(--s1); }
.stack > label:not(:first-of-type) { margin-top: var(--s2); }
.stack > button, .stack > .row { justify-self: start; margin-top: var(--s3); }
input, textarea { width: 100%; padding: 7px 10px; font: inherit; color: var(--text); background: var(--field); border: 1px solid var(--field-edge); border-radius: 6px; }
textarea { resize: vertical; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: .8125rem; }
button { padding: 5px var(--s3); font: inherit; font-size: var(--small); font-weight: 550; color: var(--text); background: var(--surface); border: 1px solid var(--edge); border-radius: 6px; cursor: pointer; white-space: nowrap; }
button:hover { background: var(--sunken); }
button.main { color: var(--accent-text); background: var(--accent); border-color: var(--accent); }
button.main:hover { background: color-mix(in srgb, var(--accent) 88%, var(--text)); }
button.danger { color: var(--bad); border-color: var(--bad); }
button.danger:hover { background: var(--bad-bg); }
.value-text { max-height: 360px; overflow: auto; padding: var(--s3); background: var(--sunken); border-radius: 8px; white-space: pre-wrap; }

.login { display: grid; align-content: center; gap: var(--s3); width: min(400px, 100% - 2 * var(--s4)); flex: 0 1 auto; margin: auto; padding: var(--s6); background: var(--surface); border: 1px solid var(--edge); border-radius: 12px; box-shadow: var(--shadow); }
.login button { margin-top: var(--s2); }
.login form { display: grid; gap: var(--s2); }
.login .message { margin: 0; }
.login input, .login button { padding: 9px var(--s3); font-size: 1rem; }

@media (max-width: 1100px) { .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
@media (max-width: 800px) { .grid { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 560px) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .tile { padding: var(--s3); }
  .tile .value { font-size: 1.375rem; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: var(--s2) var(--s4); }
  .panel { padding: var(--s3); }
  tbody th { min-width: 120px; white-space: normal; overflow-wrap: anywhere; }
  tbody th .key-name { max-width: 100%; white-space: normal; }
  th, td { padding: var(--s2); }
}
@media print { .scroll { max-height: none; } }
@media (forced-colors: active) {
  .pill, .card { border: 1px solid; }
  .key { forced-color-adjust: none; }
  .top nav a:not([aria-current]) { border-bottom-color: Canvas; }
  .ranges a[aria-current] { outline: 1px solid; }
}
`
