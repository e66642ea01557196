// A chart of the last ten seconds. Adding is cheap, so it may be done for every message; drawing
// is for once a frame.

const SPAN_MS = 10_000;
const SLOT_MS = 50;
const SLOTS = SPAN_MS / SLOT_MS;
const GAP_MS = 1_500;

/** Values are 0 to 100, times those of performance.now(), which do not go back. */
export function createChart(canvas) {
  const context = canvas.getContext("2d");
  const slots = Array.from({ length: SLOTS }, () => ({
    start: -SPAN_MS,
    low: 0,
    high: 0,
    last: 0,
  }));
  let size = { width: 0, height: 0 };

  new ResizeObserver(() => {
    const { width, height } = canvas.getBoundingClientRect();
    size = { width, height };
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  }).observe(canvas);

  return {
    add(value, at) {
      const start = Math.floor(at / SLOT_MS) * SLOT_MS;
      const slot = slots[(start / SLOT_MS) % SLOTS];
      const isNew = slot.start !== start;
      slot.low = isNew ? value : Math.min(slot.low, value);
      slot.high = isNew ? value : Math.max(slot.high, value);
      slot.last = value;
      slot.start = start;
    },

    /** Draws the span that ends at `now`: a band from low to high, and a line. */
    draw(now) {
      const { width, height } = size;
      const x = (at) => width - ((now - at) / SPAN_MS) * width;
      const y = (value) => height - 2 - (Math.min(100, Math.max(0, value)) / 100) * (height - 4);
      context.clearRect(0, 0, width, height);
      const { color } = getComputedStyle(canvas);
      context.strokeStyle = color;
      context.fillStyle = color;

      const first = Math.floor(now / SLOT_MS) + 1;
      let before;
      context.beginPath();
      for (let index = 0; index < SLOTS; index += 1) {
        const slot = slots[(first + index) % SLOTS];
        if (now - slot.start >= SPAN_MS) continue;
        const isGap = before === undefined || slot.start - before > GAP_MS;
        if (isGap) context.moveTo(x(slot.start), y(slot.last));
        else context.lineTo(x(slot.start), y(slot.last));
        before = slot.start;
      }
      context.lineWidth = 1.5;
      context.globalAlpha = 1;
      context.stroke();

      context.beginPath();
      for (const { start, low, high } of slots) {
        if (now - start >= SPAN_MS) continue;
        context.rect(x(start), y(high), width / SLOTS, y(low) - y(high));
      }
      context.globalAlpha = 0.25;
      context.fill();
    },
  };
}
