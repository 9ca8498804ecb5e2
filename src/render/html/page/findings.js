// The findings stand in the page; here they learn to mark their steps, to be filtered, and to be copied.

class Findings {
  /** `onpick(finding)` is told which one was opened, or null; `ongo(mark)` which quoted line is to be shown. */
  constructor(onpick, ongo) {
    this.onpick = onpick;
    this.cards = [...document.querySelectorAll("details.finding")];
    for (const card of this.cards) {
      const index = Number(card.dataset.finding);
      card.open = false;
      card.querySelector("summary").addEventListener("click", (event) => {
        event.preventDefault();
        this.choose(card.open ? null : index);
        this.onpick(this.chosen);
      });
      for (const line of card.querySelectorAll("[data-quote]")) this.link(line, data.findings[index][Number(line.dataset.quote)], ongo);
      if (data.findings[index].some((mark) => mark !== null)) card.querySelector("h4").before(this.jump(index, ongo));
    }
    for (const paste of document.querySelectorAll(".paste")) paste.prepend(copyButton(paste));
    if (this.cards.length > 5) byId("findings-title").after(this.filters());
  }

  choose(index) {
    this.chosen = index;
    for (const card of this.cards) {
      const own = Number(card.dataset.finding) === index;
      card.open = own;
      card.classList.toggle("chosen", own);
    }
  }

  /** Where a quoted line is of a cell, its place leads there. */
  link(line, mark, ongo) {
    if (!mark) return;
    const place = line.querySelector(".place");
    place.replaceWith(el("button", { type: "button", class: "place", text: place.textContent, title: "Show in the grid", onclick: () => ongo(mark) }));
  }

  /** On a phone the grid is far below. */
  jump(index, ongo) {
    const first = data.findings[index].find((mark) => mark !== null);
    return el("p", { class: "jump" }, el("button", { type: "button", text: "Show its steps in the grid", onclick: () => ongo(first) }));
  }

  filters() {
    const search = el("input", { type: "search", id: "finding-filter", placeholder: "Filter findings", "aria-label": "Filter findings", autocomplete: "off", spellcheck: "false" });
    const number = el("span", { class: "number", role: "status" });
    const kinds = ["error", "warning", "note"].filter((kind) => this.cards.some((card) => card.classList.contains(kind)));
    const boxes = kinds.map((kind) => el("input", { type: "checkbox", checked: true, value: kind }));
    const jobsOf = (card) => card.dataset.jobs.split("\n").filter((job) => job !== "");
    const rule = choice("Rule", "all rules", this.cards.map((card) => card.dataset.rule));
    const job = choice("Job", "all jobs", this.cards.flatMap(jobsOf));
    const cost = costs(this.cards);
    const apply = () => {
      const words = search.value.trim().toLowerCase();
      const on = boxes.filter((box) => box.checked).map((box) => box.value);
      const fits = (card) => on.some((kind) => card.classList.contains(kind))
        && (rule === null || rule.value === "" || card.dataset.rule === rule.value)
        && (job === null || job.value === "" || jobsOf(card).includes(job.value))
        && (cost === null || Number(card.dataset.seconds) >= Number(cost.value))
        && card.textContent.toLowerCase().includes(words);
      for (const card of this.cards) card.hidden = !fits(card);
      const shown = this.cards.filter((card) => !card.hidden).length;
      number.textContent = shown === this.cards.length ? "" : `${shown} of ${count(this.cards.length, "finding")}`;
    };
    const labels = (kinds.length > 1 ? boxes : []).map((box) => el("label", {}, box, ` ${box.value}s`));
    const filters = el("div", { class: "filters" }, search, rule, job, cost, ...labels, number);
    filters.addEventListener("input", apply);
    return filters;
  }
}

/** One of the values that there are; null where there is no choice. */
function choice(label, all, values) {
  const sorted = [...new Set(values)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (sorted.length < 2) return null;
  return el("select", { "aria-label": label }, el("option", { value: "", text: all }), ...sorted.map((value) => el("option", { value, text: value })));
}

/** From which cost on; only those that leave something out, and something over. */
function costs(cards) {
  const seconds = cards.map((card) => Number(card.dataset.seconds));
  const least = [1, 10, 60, 600, 3600].filter((most) => seconds.some((s) => s < most) && seconds.some((s) => s >= most));
  if (least.length === 0) return null;
  return el("select", { "aria-label": "Cost" }, el("option", { value: 0, text: "any cost" }), ...least.map((from) => el("option", { value: from, text: `${duration(from * 10)} or more` })));
}

function copyButton(paste) {
  const button = el("button", { type: "button", class: "copy", text: "Copy" });
  button.addEventListener("click", async () => {
    const done = await copy(paste.querySelector("pre").textContent, button);
    button.textContent = done ? "Copied" : "Select and copy";
    announce(done ? "Copied" : "Could not be copied");
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return button;
}

/** The clipboard is there in secure contexts only; the older way also works where a CI serves the page by http. */
async function copy(words, beside) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    const area = el("textarea", { class: "clip", "aria-hidden": "true", tabindex: -1 });
    area.value = words;
    beside.after(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    beside.focus();
    return done;
  }
}

