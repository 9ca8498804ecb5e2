// All runs in one strip, where the grid shows only some: how much of each came from the cache.
// A picture to drag in; the keyboard has Home, End, Page Up and Page Down in the grid.

class Overview {
  constructor(grid) {
    this.grid = grid;
    this.canvas = el("canvas", { class: "overview", "aria-hidden": "true", onpointerdown: (e) => this.grab(e), onpointermove: (e) => this.drag(e) });
    this.redraw = perFrame(() => this.draw());
    grid.onview = (view) => {
      this.window = view;
      this.redraw();
    };
    new ResizeObserver(this.redraw).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.redraw);
  }

  grab(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  drag(event) {
    if (event.buttons === 0) return;
    const column = (event.offsetX / this.canvas.clientWidth) * this.grid.series.length;
    const inView = this.window.right - this.window.left;
    this.grid.element.scrollLeft = (column - inView / 2) * this.grid.cell;
  }

  draw() {
    const { series } = this.grid;
    const all = !this.window || series.length < 60 || this.window.right - this.window.left >= series.length;
    this.canvas.hidden = all;
    if (all) return;
    const scale = window.devicePixelRatio || 1;
    const width = (this.canvas.width = Math.round(this.canvas.clientWidth * scale));
    const height = (this.canvas.height = Math.round(this.canvas.clientHeight * scale));
    this.bars(series, width, height);
    this.frame(series.length, width, height, scale);
  }

  /** One bar a pixel or a run, whichever is wider: the mean of what falls into it. */
  bars(series, width, height) {
    const counts = series.counts();
    const pen = this.canvas.getContext("2d");
    const color = colors(this.canvas);
    const bars = Math.min(width, counts.length);
    for (let bar = 0; bar < bars; bar += 1) {
      const some = counts.slice(Math.floor((bar * counts.length) / bars), Math.max(Math.floor(((bar + 1) * counts.length) / bars), 1));
      const total = some.reduce((sum, c) => sum + c.total, 0);
      const hits = some.reduce((sum, c) => sum + c.hits, 0);
      const [left, right] = [Math.floor((bar * width) / bars), Math.floor(((bar + 1) * width) / bars)];
      pen.fillStyle = color("--track");
      pen.fillRect(left, 0, right - left, height);
      pen.fillStyle = color("--hit");
      const high = total === 0 ? 0 : (hits / total) * height;
      pen.fillRect(left, height - high, right - left, high);
      pen.fillStyle = color("--failed");
      if (some.some((c) => c.failed)) pen.fillRect(left, 0, Math.max(right - left, 1), height / 6);
    }
  }

  /** Where the grid stands. */
  frame(runs, width, height, scale) {
    const pen = this.canvas.getContext("2d");
    const left = (this.window.left / runs) * width;
    const wide = Math.max(((this.window.right - this.window.left) / runs) * width, 6 * scale);
    pen.strokeStyle = colors(this.canvas)("--ink");
    pen.lineWidth = 2 * scale;
    pen.strokeRect(clamp(left, scale, width - wide - scale), scale, wide, height - 2 * scale);
  }
}

/** The colours of the theme in use, for what CSS does not paint. */
function colors(element) {
  const style = getComputedStyle(element);
  return (name) => style.getPropertyValue(name).trim();
}

