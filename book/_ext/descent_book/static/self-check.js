// Self-checks: choose an answer, press Check (or Enter), read why. Without this script the reasons stand in <details>.
for (const form of document.querySelectorAll("form.self-check")) {
  const result = form.querySelector(".self-check-result");
  form.querySelector(".self-check-reasons").hidden = true;
  form.querySelector(".self-check-button").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    if (!chosen) {
      result.textContent = "Choose an answer first.";
      return;
    }
    const reason = form.querySelector(`li[data-answer="${chosen.id}"]`);
    result.dataset.right = reason.dataset.right;
    result.replaceChildren(...Array.from(reason.childNodes, (child) => child.cloneNode(true)));
  });
  form.addEventListener("change", () => {
    result.replaceChildren();
    delete result.dataset.right;
  });
}
