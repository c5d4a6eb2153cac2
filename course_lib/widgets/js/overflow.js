// Scale the logits: every step of cross-entropy in float32, naive beside stable. All numbers were computed in Python.

function render({ model, el }) {
  const studies = model.get("studies");
  const steps = {
    naive: ["eˢ of the three logits", "their sum", "a of the true class", "loss = −ln a"],
    stable: ["m, the largest logit", "eˢ⁻ᵐ of the three", "their sum", "loss = ln(sum) − (s − m) of the true class"],
  };
  const pretty = (text) => minus(text.replace(/(\d)e([+-]?)0*(\d+)/g, (_, d, sign, n) =>
    `${d}\u00a0·\u00a010${raised((sign === "-" ? "-" : "") + n)}`).replace(/inf/g, "∞").replace(/nan/g, "not a number"));
  const lost = (text) => /inf|nan/.test(text);

  const set = (name, to) => { model.set(name, to); model.save_changes(); draw(); };
  const size = slider("Size c of the logits", { min: 0, max: 130, step: 5, words: String, change: (c) => set("scale", c) });
  const true_ = select("True class", Object.keys(studies).map((name) => [name, name]), (name) => set("true", name));
  const given = html("div", {});
  const cells = {};
  const ways = Object.entries(steps).map(([way, names]) => {
    cells[way] = names.map(() => html("dd"));
    const list = html("dl", {}, ...names.flatMap((name, i) => [html("dt", {}, name), cells[way][i]]));
    return html("div", { class: "way" }, html("strong", {}, way), list);
  });
  const report = html("output", { "aria-live": "polite" });

  function draw() {
    const study = studies[model.get("true")][model.get("scale") / 5];
    size.set(model.get("scale")); true_.input.value = model.get("true");
    given.textContent = `Logits s = (c, c/2, −c) = (${study.logits.map(pretty).join(", ")})`;
    for (const way of ["naive", "stable"])
      study[way].forEach((text, i) => {
        cells[way][i].textContent = pretty(text);
        cells[way][i].className = lost(text) || (way === "naive" && i === 2 && text === "0") ? "lost" : "";
      });
    const [naive, stable] = [study.naive[3], study.stable[3]];
    report.textContent = lost(naive)
      ? `Naive: ${pretty(naive)}. Stable: ${pretty(stable)}, which is right.`
      : `Naive: ${pretty(naive)}. Stable: ${pretty(stable)}.`;
  }

  el.append(html("div", { class: "descent-widget", role: "group", "aria-label": "Cross-entropy in float32, step by step" },
    html("div", { class: "controls" }, size.label, true_.label), given, html("div", { class: "ways" }, ...ways), report));
  const redraw = () => draw();
  for (const name of ["scale", "true"]) model.on(`change:${name}`, redraw);
  draw();
  return () => model.off(null, redraw);
}

export default { render };
