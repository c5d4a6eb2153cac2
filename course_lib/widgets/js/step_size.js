// Move the step size h: see truncation and rounding error trade places.
// Every curve was computed in Python; this file only draws them and finds the column of the chosen h.

function render({ model, el }) {
  const studies = model.get("studies");
  const every = (low, high, step) => Array.from({ length: (high - low) / step + 1 }, (_, i) => low + i * step);
  const bottom = -18.4;
  const powers = (numbers) => numbers.map((n) => [n, `10${raised(n)}`]);
  const chart = plot({
    x: [-20, 0], y: [bottom, 2.4], xTicks: powers(every(-20, 0, 4)), yTicks: powers(every(-18, 0, 3)),
    xLabel: "step size h", yLabel: "relative error", height: 320,
  });
  const parts = [["error", "blue", ""], ["truncation", "orange", "dashed"], ["rounding", "green", "dotted"]];
  const guide = svg("path", { class: "line grey thin" });
  const lines = parts.map(([, color, dash]) => svg("path", { class: `line ${color} ${dash}` }));
  const dots = parts.map(([, color]) => svg("circle", { r: 5.5, class: `fill ${color}` }));
  chart.layer.append(guide, ...lines, ...dots);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const method = select("Method", Object.keys(studies).map((name) => [name, name]), (name) => set("method", name));
  const size = slider("Step size h", {
    min: -20, max: 0, step: 0.25, words: (e) => scientific(10 ** e), change: (e) => set("exponent", e),
  });
  const key = html("ul", { class: "key" }, ...[["blue", "", "error of the quotient"],
    ["orange", "dashed", "truncation"], ["green", "dotted", "rounding"]].map(([color, dash, text]) =>
    html("li", {}, svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
      svg("path", { class: `line ${color} ${dash}`, d: "M0 5H30" })), text)));
  const report = html("output", { "aria-live": "polite" });

  function draw() {
    const [study, exponent] = [studies[model.get("method")], model.get("exponent")];
    const at = study.exponent.indexOf(exponent);
    const height = (name, i) => Math.log10(Math.max(study[name][i], 1e-60)); // an error may be exactly 0
    parts.forEach(([name], k) => {
      lines[k].setAttribute("d", chart.path(study.exponent.map((e, i) => [e, height(name, i)])));
      dots[k].setAttribute("cx", chart.px(exponent));
      dots[k].setAttribute("cy", chart.py(Math.max(height(name, at), bottom + 0.3)));
    });
    guide.setAttribute("d", chart.path([[exponent, -19], [exponent, 3]]));
    method.input.value = model.get("method");
    size.set(exponent);
    const [error, truncation, rounding] = parts.map(([name]) => scientific(study[name][at]));
    const larger = study.truncation[at] > study.rounding[at]
      ? "Truncation is the larger: a smaller h would help." : "Rounding is the larger: a smaller h would not help.";
    report.textContent = `h = ${scientific(10 ** exponent)}: the quotient is ${study.quotient[at]}, ` +
      `the derivative ${study.derivative}. Relative error ${error}, of which truncation ${truncation}, ` +
      `rounding ${rounding}. ${larger}`;
    chart.root.setAttribute("aria-label", `Relative error over step size, ${model.get("method")}. ` +
      `At h = ${scientific(10 ** exponent)}: truncation ${truncation}, rounding ${rounding}, together ${error}.`);
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Step size and error" },
    chart.root, key, html("div", { class: "controls" }, size.label, method.label), report));
  const redraw = () => draw();
  for (const name of ["method", "exponent"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };
