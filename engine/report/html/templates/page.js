(() => {
  const given = JSON.parse(document.getElementById("specs").textContent);
  const views = [];
  const narrow = () => document.documentElement.clientWidth < 640;

  // Opens a policy's levers, shows it in the address, and marks it wherever it stands.
  function pick(policy, move) {
    let found = null;
    for (const one of document.querySelectorAll("details.policy")) {
      one.open = one.dataset.policy === policy;
      if (one.open) found = one;
    }
    for (const link of document.querySelectorAll("a[data-policy]")) {
      link.classList.toggle("picked", link.dataset.policy === policy);
    }
    for (const view of views) {
      try { view.signal("picked", policy).run(); } catch (error) { /* marks no policy */ }
    }
    if (found && move) {
      found.scrollIntoView({ block: "center" });
      found.querySelector("summary").focus({ preventScroll: true });
    }
  }

  function draw(figure) {
    if (figure.classList.contains("is-live")) return Promise.resolve();
    const spec = given.specs[Number(figure.dataset.place)];
    const config = structuredClone(given.config);
    config.legend.labelLimit = Math.max(250, figure.clientWidth - 250);
    if (narrow()) {
      config.axisQuantitative.tickCount = 4;
      config.legend.columns = 1;
    }
    const place = figure.querySelector(".live");
    figure.classList.add("is-live");
    return vegaEmbed(place, structuredClone(spec), { actions: false, renderer: "svg", config })
      .then(({ view }) => {
        views.push(view);
        view.addEventListener("click", (event, item) => {
          const policy = item && item.datum && item.datum.policy;
          if (policy) pick(policy, true);
        });
        // The caption says what the picture shows; its marks are no stops for the keyboard.
        for (const drawn of place.querySelectorAll("svg")) drawn.setAttribute("aria-hidden", "true");
        figure.dataset.drawn = "yes";
      })
      .catch((error) => {
        figure.classList.remove("is-live");
        console.error(error);
      });
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "800px" });
  const figures = [...document.querySelectorAll("figure[data-place]")];
  figures.forEach((one) => seen.observe(one));

  // What is not near the screen is drawn afterwards, one picture after another: a static one is
  // wider or narrower than its place.
  const later = window.requestIdleCallback || ((next) => setTimeout(next, 50));
  const rest = () => {
    const figure = figures.find((one) => !one.classList.contains("is-live") && !one.dataset.tried);
    if (!figure) return;
    figure.dataset.tried = "yes";
    seen.unobserve(figure);
    draw(figure).then(() => later(rest));
  };
  window.addEventListener("load", () => later(rest));

  // On paper nothing can be opened: all that is folded is printed, and folded again afterwards.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const one of folded) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-policy]");
    if (!link) return;
    event.preventDefault();
    pick(link.dataset.policy, true);
  });
})();
