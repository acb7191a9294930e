/**
 * The style of the presence page, in addition to that of the devices page.
 *
 * @module
 */

/** CSS, for a `<style>` with the page's nonce. */
export const PRESENCE_STYLE = `
main { max-width: 34rem; }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; }
h2 { margin: 2rem 0 0; font-size: .9375rem; color: var(--soft); font-weight: 600; }
#state[data-state=connecting], #state[data-state=unavailable] { color: var(--note); background: var(--note-ground); }
#state[data-state=failed], #state[data-state=disconnected] { color: var(--bad); background: var(--bad-ground); }
#people li { justify-content: flex-start; padding: .75rem 0; }
#people li .badge { margin-left: auto; }
#people li.new { animation: come .6s ease-out; }
#people li.waving .face { animation: wave .5s ease-in-out 2; }
.face {
  flex: none; width: 2.25rem; height: 2.25rem; border-radius: 50%; display: grid; place-items: center;
  font-weight: 700; font-size: .9375rem; color: #10131a;
}
.tone-0 { background: #9fc5ff; } .tone-1 { background: #a8e6c1; } .tone-2 { background: #ffd08a; }
.tone-3 { background: #f7b0c8; } .tone-4 { background: #cdb8ff; } .tone-5 { background: #9fe3e6; }
a.button {
  padding: .625rem 1rem; font-weight: 600; color: var(--ink); text-decoration: none;
  border: 1px solid var(--line); border-radius: 8px;
}
a.button:hover { border-color: var(--soft); }
a.button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
#log { list-style: none; margin: .5rem 0 0; padding: 0; min-height: 7.5rem; font-size: .9375rem; }
#log li { display: flex; justify-content: space-between; gap: 1rem; padding: .25rem 0; }
#log time { color: var(--soft); font-variant-numeric: tabular-nums; }
@keyframes come { from { background: var(--good-ground); } }
@keyframes wave { 50% { transform: rotate(18deg) scale(1.15); } }
@media (prefers-reduced-motion: reduce) {
  #people li.new, #people li.waving .face { animation: none; }
}
`
