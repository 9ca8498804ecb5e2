// What every part of the page uses: the data, elements, numbers in words.
// Text goes into the page by textContent only.

const data = JSON.parse(document.getElementById("data").textContent);
const text = (at) => data.texts[at];

/** An element; `props` are attributes, but for `text` and handlers (`onclick`). */
function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const byId = (id) => document.getElementById(id);
const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
const count = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

/** As in the other formats: `1.2 s`, `41 s`, `5 min 12 s`, `2 h 05 min`. */
function duration(tenths) {
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const whole = Math.round(tenths / 10);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** Rounded down, so that 100 % means all. */
const share = (part, whole) =>
  whole === 0 ? "nothing to count" : `${part} of ${whole} (${Math.floor((part * 100) / whole)} %)`;

/** Does work once before the next frame, however often it is asked for. */
function perFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

/** Says something to who does not see the page. */
const announce = (words) => (byId("said").textContent = words);

