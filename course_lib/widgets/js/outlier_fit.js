// Drag one of eleven points: the best line under squared, absolute and Huber loss, all computed in Python.

function render({ model, el }) {
  const [points, heights, places, fits] = ["points", "heights", "places", "fits"].map((name) => model.get(name));
  const [low, high, height] = [-9, 17, 320];
  const ticks = (numbers) => numbers.map((each) => [each, minus(String(each))]);
  const chart = plot({
    x: [-0.7, 10.7], y: [low, high], xTicks: ticks([0, 2, 4, 6, 8, 10]), yTicks: ticks([-8, -4, 0, 4, 8, 12, 16]),
    xLabel: "x", yLabel: "y", height,
  });
  const kinds = [["squared", "blue", ""], ["absolute", "orange", "dashed"], ["huber", "green", "dotted"]];
  const lines = kinds.map(([, color, dash]) => svg("path", { class: `line ${color} ${dash}` }));
  const dots = points.map(() => svg("circle", { r: 4, class: "fill grey" }));
  const outlier = svg("circle", { r: 7, class: "outline" });
  const handle = svg("circle", { r: 22, class: "handle" });
  chart.layer.append(...dots, ...lines, outlier, handle);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const slide = slider("Height of the point", {
    min: heights[0], max: heights.at(-1), step: heights[1] - heights[0], words: (h) => fixed(h, 1),
    change: (h) => set("height", h),
  });
  const place = select("It stands", Object.keys(places).map((name) => [name, name]), (name) => {
    model.set("height", points[places[name]] > 4 ? 5 : 3);
    set("place", name);
  });
  const key = html("ul", { class: "key" }, ...[["blue", "", "squared (L2)"], ["orange", "dashed", "absolute (L1)"],
    ["green", "dotted", "Huber"]].map(([color, dash, text]) =>
    html("li", {}, svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svg("path", { class: `line ${color} ${dash}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });

  const drag = (event) => {
    const box = chart.root.getBoundingClientRect();
    const at = ((event.clientY - box.top) * height) / box.height - 10; // the layer begins 10 below the edge
    const raw = high - (at / (height - 62)) * (high - low);
    const step = heights[1] - heights[0];
    set("height", Math.min(heights.at(-1), Math.max(heights[0], Math.round(raw / step) * step)));
  };
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", drag);
  });
  for (const end of ["pointerup", "pointercancel"])
    handle.addEventListener(end, () => handle.removeEventListener("pointermove", drag));

  function draw() {
    const [name, now] = [model.get("place"), model.get("height")];
    const [at, i] = [places[name], heights.indexOf(now)];
    dots.forEach((dot, x) => {
      dot.setAttribute("cx", chart.px(x));
      dot.setAttribute("cy", chart.py(x === at ? now : points[x]));
    });
    for (const circle of [outlier, handle]) {
      circle.setAttribute("cx", chart.px(at));
      circle.setAttribute("cy", chart.py(now));
    }
    kinds.forEach(([kind], k) => {
      const [slope, intercept] = fits[name][kind][i];
      lines[k].setAttribute("d", chart.path([-0.7, 10.7].map((x) => [x, slope * x + intercept])));
    });
    slide.set(now); place.input.value = name;
    const told = kinds.map(([kind], k) => {
      const [slope, intercept] = fits[name][kind][i];
      return `${["squared", "absolute", "Huber"][k]} slope ${fixed(slope)}, height ${fixed(slope * 5 + intercept)}`;
    });
    report.textContent = `Point at y = ${fixed(now, 1)}. Best lines, slope and height at x = 5: ${told.join("; ")}.`;
    chart.root.setAttribute("aria-label", `Eleven points and three fitted lines; the point ${name} is at ${fixed(now, 1)}. ` +
      `${told.join("; ")}.`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "An outlier under three losses" },
    chart.root, key, html("div", { class: "controls" }, slide.label, place.label), report));
  const redraw = () => draw();
  for (const name of ["place", "height"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };
