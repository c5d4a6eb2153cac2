// Starts the widgets of a page when the first of them comes near the screen, from files of this site alone.
(() => {
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const folder = new URL(document.documentElement.dataset.content_root + "_static/vendor/widgets/", document.baseURI).href;

  const load = (file) => new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: folder + file, onload: resolve, onerror: reject });
    document.head.append(script);
  });

  const start = async () => {
    window.__jupyter_widgets_assets_path__ = folder;
    window.require = { baseUrl: folder, waitSeconds: 0, paths: { anywidget: folder + "anywidget" } };
    await load("require.js");
    await load("embed-amd.js");
  };

  const places = Array.from(document.querySelectorAll(VIEW), (view) => view.parentElement);
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    start();
  }, { rootMargin: "200px" });
  for (const place of places) watcher.observe(place);
  window.addEventListener("beforeprint", () => places.length && !window.requirejs && start(), { once: true });
})();
