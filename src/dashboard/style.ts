/**
 * The style of the pages: colours of both themes, scales of type and space, the frame.
 *
 * @module
 */

/** CSS, for a `<link rel="stylesheet">`. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --bg: #f5f6f8; --surface: #fff; --sunken: #eef0f3; --edge: #dfe3e8; --grid: #e9ecf0;
  --text: #171b21; --soft: #59636f; --accent: #0b6b62; --accent-text: #fff;
  --good: #14713d; --good-bg: #e3f4e9; --warn: #855005; --warn-bg: #fcf0d9;
  --bad: #b3261e; --bad-bg: #fdeae8; --quiet-bg: #eceff2;
  --line-teal: #0f8578; --line-blue: #2f6fd6; --line-violet: #8447c9; --line-green: #3f8f2f;
  --line-amber: #b97a08; --line-pink: #c23a86; --line-red: #c4342b; --line-grey: #75808c;
  --area-teal: #0f85781f;
  --shadow: 0 1px 2px #1018280d; --shade: #10182829; --field: #fff; --field-edge: #858f9b;
  --s1: 4px; --s2: 8px; --s3: 12px; --s4: 16px; --s5: 24px; --s6: 32px;
  --small: .8125rem; --title: 1.5rem; --figure: 1.75rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #0d1014; --surface: #15191f; --sunken: #1c2128; --edge: #2a313a; --grid: #232a32;
    --text: #e7ebf0; --soft: #9aa5b1; --accent: #4fd1c1; --accent-text: #06201d;
    --good: #63d18b; --good-bg: #12301f; --warn: #f0b455; --warn-bg: #362710;
    --bad: #ff8f84; --bad-bg: #3c1a18; --quiet-bg: #232a32;
    --line-teal: #4fd1c1; --line-blue: #79aaff; --line-violet: #c39bff; --line-green: #8ed37c;
    --line-amber: #f0b455; --line-pink: #f78fc3; --line-red: #ff8f84; --line-grey: #9aa5b1;
    --area-teal: #4fd1c11f;
    --shadow: none; --shade: #000000b3; --field: #0d1014; --field-edge: #6b7682;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif;
  background: var(--bg); color: var(--text); -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; }
h1, h2, h3, p, ul, dl, dd, figure, pre { margin: 0; padding: 0; }
ul { list-style: none; }
h1 { font-size: var(--title); line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h2, h3 { font-size: 1rem; font-weight: 600; }
h2 { line-height: 1.4; }
a { color: var(--accent); }
code, pre, .key-name { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  overflow-wrap: anywhere; }
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: var(--s4); top: -60px; z-index: 2; padding: var(--s2) var(--s3);
  background: var(--accent); color: var(--accent-text); border-radius: 6px; }
.skip:focus { top: var(--s2); }
.soft { color: var(--soft); }
.small { font-size: var(--small); }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: var(--s2) var(--s3); }

.top { display: grid; grid-template-columns: auto 1fr auto; align-items: center; gap: var(--s5);
  padding: 0 var(--s5); min-height: 56px; background: var(--surface); border-bottom: 1px solid var(--edge); }
.brand { display: inline-flex; align-items: center; gap: var(--s2); font-weight: 650; letter-spacing: -.01em; }
.brand .outer { fill: none; stroke: var(--accent); stroke-width: 2; }
.brand .inner { fill: var(--accent); }
.top nav { min-width: 0; overflow-x: auto; scrollbar-width: none; }
.top nav ul { display: flex; gap: var(--s1); }
.top nav a { display: block; padding: 17px var(--s3) 15px; color: var(--soft); text-decoration: none; white-space: nowrap;
  border-bottom: 2px solid transparent; font-weight: 500; line-height: 22px; }
.top nav a:hover { color: var(--text); }
.top nav a:focus-visible { outline-offset: -4px; }
.top nav a[aria-current] { color: var(--text); border-bottom-color: var(--accent); }
.badge { display: inline-block; min-width: 18px; margin-left: 2px; padding: 0 5px; border-radius: 9px; background: var(--bad);
  color: var(--surface); font-size: .6875rem; font-weight: 650; line-height: 18px; text-align: center; }
main { width: 100%; max-width: 1240px; margin: 0 auto; padding: var(--s5); flex: 1; }
.heading { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: var(--s3); margin-bottom: var(--s4); }
.ranges { display: inline-flex; padding: 3px; background: var(--sunken); border-radius: 8px; }
.ranges a { padding: 4px var(--s3); border-radius: 6px; color: var(--soft); text-decoration: none; font-size: var(--small); font-weight: 500; }
.ranges a[aria-current] { background: var(--surface); color: var(--text); box-shadow: var(--shadow); }
.bottom { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: var(--s3); width: 100%; max-width: 1240px;
  margin: 0 auto; padding: 0 var(--s5) var(--s5); color: var(--soft); font-size: var(--small); }

@media (max-width: 700px) {
  .top { grid-template-columns: 1fr auto; gap: 0 var(--s3); padding: var(--s3) var(--s4) 0; }
  .top nav { grid-column: 1 / -1; grid-row: 2; margin: 0 calc(-1 * var(--s4)); padding: 0 var(--s2); }
  .top nav ul { gap: 0; flex-wrap: wrap; }
  .top nav a { padding: 10px 7px 8px; font-size: .875rem; }
  .badge { margin-left: 0; }
  main { padding: var(--s4); }
  .bottom { padding: 0 var(--s4) var(--s4); }
}
@media (prefers-reduced-motion: no-preference) {
  button, .ranges a, .top nav a { transition: background-color .12s, color .12s, border-color .12s; }
}
`
