(() => {
  const articles = Array.from(document.querySelectorAll("article.exhibit"));
  const help = document.getElementById("help");
  const opener = document.getElementById("keys");
  const single = document.getElementById("single");
  const LARGEST = 8;

  const within = (low, value, high) => Math.min(high, Math.max(low, value));

  /* One exhibit: its picture, and its audio where there is one. */
  const viewer = (article) => {
    const stage = article.querySelector(".stage");
    const drawing = stage.querySelector("svg");
    const audio = article.querySelector("audio");
    const position = article.querySelector(".position");
    const zoomer = article.querySelector(".zoom");
    const [left, right, duration] = ["left", "right", "duration"].map((name) => Number(drawing.dataset[name]));
    const { width, height } = drawing.viewBox.baseVal;
    const headings = Array.from(drawing.querySelectorAll("text")).filter((text) => Number(text.getAttribute("x")) === left);
    let cursor = null;
    let scale = 1;

    /* Stretches time only: letters keep their shape, headings stay in view. */
    const stretch = (next) => {
      const tall = drawing.clientHeight;
      scale = next;
      drawing.style.height = scale === 1 ? "" : drawing.style.height || `${tall}px`;
      drawing.style.width = `${100 * scale}%`;
      drawing.style.setProperty("--narrow", 1 / scale);
      drawing.setAttribute("preserveAspectRatio", scale === 1 ? "xMidYMid" : "none");
    };

    const hold = () => {
      const shift = (stage.scrollLeft / drawing.clientWidth) * width;
      headings.forEach((text) => text.setAttribute("x", Math.max(left, shift + 6 / scale)));
    };

    const point = (time) => {
      if (!cursor) {
        cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
        cursor.setAttribute("class", "cursor");
        cursor.setAttribute("y1", 0);
        cursor.setAttribute("y2", height);
        drawing.append(cursor);
      }
      const x = left + within(0, time / duration, 1) * (right - left);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      position.textContent = position.dataset.template.replace("{time}", time.toFixed(1));
      const seen = (x / width) * drawing.clientWidth - stage.scrollLeft;
      if (seen < 0 || seen > stage.clientWidth) stage.scrollLeft += seen - stage.clientWidth / 8;
    };

    const seek = (time) => {
      const end = Number.isFinite(audio.duration) ? audio.duration : duration;
      audio.currentTime = within(0, time, end);
      point(audio.currentTime);
    };

    const follow = () => {
      point(audio.currentTime);
      if (!audio.paused && !audio.ended) requestAnimationFrame(follow);
    };

    const zoom = (factor) => {
      const middle = (stage.scrollLeft + stage.clientWidth / 2) / drawing.clientWidth;
      stretch(within(1, scale * factor, LARGEST));
      stage.scrollLeft = middle * drawing.clientWidth - stage.clientWidth / 2;
      hold();
      zoomer.querySelector("output").textContent = `${scale} ×`;
    };

    stage.addEventListener("scroll", hold);
    zoomer.hidden = false;
    zoomer.querySelectorAll("button").forEach((button) => {
      button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
    });
    if (audio) {
      stage.classList.add("live");
      audio.addEventListener("play", () => {
        document.querySelectorAll("audio").forEach((other) => other === audio || other.pause());
        follow();
      });
      audio.addEventListener("timeupdate", () => point(audio.currentTime));
      audio.addEventListener("seeked", () => point(audio.currentTime));
      drawing.addEventListener("click", (event) => {
        const box = drawing.getBoundingClientRect();
        const x = ((event.clientX - box.left) / box.width) * width;
        seek(((x - left) / (right - left)) * duration);
      });
    }
    return { audio, seek, zoom };
  };

  const viewers = articles.map(viewer);

  /* A stretch to hear first: its button plays it and stops at its end. */
  document.querySelectorAll("button[data-from]").forEach((button) => {
    const audio = document.getElementById(button.dataset.player)?.querySelector("audio");
    if (!audio) return;
    const stop = () => audio.currentTime >= Number(button.dataset.to) && audio.pause();
    button.hidden = false;
    button.addEventListener("click", () => {
      document.querySelectorAll("audio").forEach((other) => other.pause());
      audio.currentTime = Number(button.dataset.from);
      audio.addEventListener("timeupdate", stop);
      audio.addEventListener("pause", () => audio.removeEventListener("timeupdate", stop), { once: true });
      audio.play();
    });
  });

  const top = (article) => article.getBoundingClientRect().top;
  const here = () => articles.findLastIndex((article) => top(article) <= 20);
  const inView = () => viewers[Math.max(0, articles.findIndex((a) => a.getBoundingClientRect().bottom > innerHeight / 3))];

  /* Every action says whether it did something; if not, the key keeps its own meaning. */
  const turn = (step) => {
    const now = here();
    const inside = now >= 0 && top(articles[now]) < -20;
    const next = articles[step > 0 ? now + 1 : now - (inside ? 0 : 1)];
    if (!next) return false;
    next.scrollIntoView();
    const heading = next.querySelector("h3");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    return true;
  };

  const sound = (act) => {
    const one = inView();
    if (one?.audio) act(one);
    return Boolean(one?.audio);
  };

  const enlarge = (factor) => {
    inView()?.zoom(factor);
    return viewers.length > 0;
  };

  const show = (id, act) => {
    const element = document.getElementById(id);
    if (element) element[act]();
    return Boolean(element);
  };

  const actions = {
    j: () => turn(1),
    k: () => turn(-1),
    g: () => show("gallery", "scrollIntoView"),
    "/": () => show("filter", "focus"),
    p: () => sound(({ audio }) => (audio.paused ? audio.play() : audio.pause())),
    ArrowLeft: () => sound(({ audio, seek }) => seek(audio.currentTime - 2)),
    ArrowRight: () => sound(({ audio, seek }) => seek(audio.currentTime + 2)),
    "+": () => enlarge(2),
    "-": () => enlarge(0.5),
    "?": () => show("help", "showModal"),
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || help.open || !single.checked) return;
    if (event.target.closest("input, select, textarea, audio")) return;
    if (event.key.startsWith("Arrow") && event.target.closest(".scroll")) return;
    if (actions[event.key]?.()) event.preventDefault();
  });
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
  help.querySelector("button").addEventListener("click", () => help.close());
})();
