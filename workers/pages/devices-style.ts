/**
 * The style of the devices page.
 *
 * @module
 */

/** CSS, for a `<style>` with the page's nonce. */
export const DEVICES_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --line: #dfe2e8; --ink: #1a1d23; --soft: #5b6270;
  --accent: #2456d6; --on-accent: #fff; --good: #12714a; --good-ground: #e2f4ea;
  --bad: #a8232b; --bad-ground: #fdecec; --note: #7a5200; --note-ground: #fff4d9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14161a; --card: #1d2026; --line: #33383f; --ink: #eceef2; --soft: #a2a9b6;
    --accent: #86a8ff; --on-accent: #10131a; --good: #7fd6a8; --good-ground: #17352a;
    --bad: #ff9ba1; --bad-ground: #3d1c1f; --note: #f0cf85; --note-ground: #3a2f14;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: start center; padding: 8vh 1rem 2rem;
  background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
main {
  width: 100%; max-width: 30rem; padding: 1.75rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; box-shadow: 0 1px 3px rgb(0 0 0 / 8%);
}
h1 { margin: 0; font-size: 1.375rem; letter-spacing: -.01em; }
p { margin: .25rem 0 0; }
.soft { color: var(--soft); font-size: .9375rem; }
form { display: grid; gap: 1rem; margin-top: 1.5rem; }
label { display: grid; gap: .375rem; font-size: .875rem; font-weight: 600; }
input {
  padding: .625rem .75rem; font: inherit; font-size: 1rem; font-weight: 400; color: inherit; background: var(--card);
  border: 1px solid var(--line); border-radius: 8px;
}
button {
  padding: .625rem 1rem; font: inherit; font-weight: 600; color: var(--ink); cursor: pointer;
  background: transparent; border: 1px solid var(--line); border-radius: 8px;
}
button:hover:enabled { border-color: var(--soft); }
button:disabled { opacity: .55; cursor: default; }
button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
button.small { padding: .3125rem .75rem; font-size: .875rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.message { margin-top: 1.25rem; padding: .625rem .75rem; border-radius: 8px; font-size: .9375rem; }
form > .message { margin-top: 0; }
.bad { color: var(--bad); background: var(--bad-ground); }
.good { color: var(--good); background: var(--good-ground); }
.note { color: var(--note); background: var(--note-ground); }
code { font: .9em ui-monospace, 'SF Mono', Menlo, Consolas, monospace; }
ul { list-style: none; margin: 1.25rem 0 0; padding: 0; border-top: 1px solid var(--line); }
li {
  display: flex; align-items: center; gap: 1rem; justify-content: space-between;
  padding: .875rem 0; border-bottom: 1px solid var(--line);
}
li b { display: block; font-weight: 600; }
.badge {
  flex: none; padding: .125rem .625rem; border-radius: 99px; font-size: .8125rem; font-weight: 600;
  color: var(--good); background: var(--good-ground);
}
.row { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
`
