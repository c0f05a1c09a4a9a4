// What a browser can say of a page by itself. Each function returns what is wrong, as sentences; nothing when all is well.
window.looks = (() => {
  const seen = (thing) => thing.getClientRects().length > 0 && thing.checkVisibility({ visibilityProperty: true });
  const name = (thing) => thing.outerHTML.replace(/\s+/g, " ").slice(0, 110);
  const few = (found, why) => [...new Set(found.map(name))].slice(0, 4).map((one) => `${why}: ${one}`);
  const all = (what, where = document) => [...where.querySelectorAll(what)].filter(seen);
  const STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const number = (text) => parseFloat(text) || 0;

  /** What reaches beyond the right edge; what scrolls by itself inside the page may. */
  const outside = () => {
    const edge = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= edge) return [];
    const out = all("body *").filter((thing) => thing.getBoundingClientRect().right > edge + 1
      && !thing.closest(".tabs, .scroll, .out-of-sight, svg"));
    return [`the page is ${document.documentElement.scrollWidth - edge} px wider than the screen`, ...few(out, "outside")];
  };

  const own = (thing) => [...thing.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
  const rows = (nodes) => {
    const range = document.createRange();
    return nodes.flatMap((node) => {
      range.selectNodeContents(node);
      return [...range.getClientRects()].map((box) => Math.round(box.top));
    });
  };

  /** Running text whose lines are too long to find the next one: more characters than `most` (WCAG 1.4.8 says 80). */
  const long = (most) => few(all("main p, main li, main dd, main summary, main label, main span").filter((thing) => {
    if (thing.closest("td, th, code, pre, .mono, .scroll, svg")) return false;
    const nodes = own(thing);
    const length = nodes.reduce((sum, node) => sum + node.data.trim().replace(/\s+/g, " ").length, 0);
    return length > most && length / new Set(rows(nodes)).size > most;
  }), "lines too long");

  const marked = (style) => style.outlineStyle !== "none" && number(style.outlineWidth) >= 2;
  const covered = (thing) => {
    const whole = thing.getBoundingClientRect();
    const left = Math.max(whole.left, 0), top = Math.max(whole.top, 0);
    const width = Math.min(whole.right, innerWidth) - left, height = Math.min(whole.bottom, innerHeight) - top;
    const points = [0.5, 0.1, 0.9].flatMap((x) => [0.5, 0.15, 0.85].map((y) => [x, y]));
    return !points.some(([x, y]) => {
      const upon = document.elementFromPoint(left + width * x, top + height * y);
      return upon && [thing, ...(thing.labels || [])].some((one) => one.contains(upon));
    });
  };

  /** Whoever goes by keyboard sees where he is, wherever he is (2.4.7, 2.4.11), and is led in the order of the page. */
  const focus = () => {
    const wrong = few([...document.querySelectorAll("[tabindex]")].filter((one) => one.tabIndex > 0), "jumps the queue");
    const lost = [], blind = [], hidden = [];
    for (const thing of all(STOPS).filter((one) => !one.disabled && one.tabIndex >= 0)) {
      thing.focus();
      if (document.activeElement !== thing) lost.push(thing);
      else if (![null, "::after"].some((part) => marked(getComputedStyle(thing, part)))) blind.push(thing);
      else if (covered(thing.closest(".ap-player") ?? thing)) hidden.push(thing);
    }
    document.activeElement?.blur();
    return [...wrong, ...few(lost, "cannot be focused"), ...few(blind, "focus not seen"), ...few(hidden, "focus covered")];
  };

  /** What one can press without a keyboard reaching it. */
  const deaf = () => few(all("[onclick], [role=button], [role=link], [role=tab]")
    .filter((one) => !one.matches(STOPS) && one.tabIndex < 0 && !one.closest("[role=tablist]")), "no keyboard");

  /** What moves although whoever reads asked for stillness. */
  const moving = () => document.getAnimations({ subtree: true })
    .filter((one) => one.playState === "running" && one.effect.getComputedTiming().activeDuration > 20)
    .map((one) => `moves: ${name(one.effect.target)}`);

  /** With the colours of the reader's own choosing a ground says nothing any more: what one presses needs an edge. */
  const edges = () => few(all(".button, input:not([type=hidden]), select, textarea, .chip, .status, .note, .card, .panel, .count")
    .filter((one) => !number(getComputedStyle(one).borderTopWidth) && !one.matches("[type=checkbox], [type=radio]")), "no edge");

  /** On paper: no bars, no buttons, and nothing that would have to be scrolled or opened to be read. */
  const paper = () => {
    const tools = all(".rail, .thumb, .skip, .jump, .button, button, .filters, .pager, .lost")
      .filter((one) => !one.matches(".out-of-sight"));
    const cut = all("main *").filter((one) => {
      const style = getComputedStyle(one);
      const clips = (way) => !["visible", "clip"].includes(way) || style.webkitLineClamp !== "none";
      return own(one).length + one.children.length && !one.closest(".out-of-sight")
        && ((clips(style.overflowX) && one.scrollWidth > one.clientWidth + 1)
          || (clips(style.overflowY) && one.scrollHeight > one.clientHeight + 1));
    });
    return [...few(tools, "printed for nothing"), ...few(cut, "cut on paper")];
  };

  const unfold = () => { for (const more of document.querySelectorAll("main details")) more.open = true; };
  const larger = (size) => { document.documentElement.style.fontSize = size; };
  /** What a bar or the button to the decision covers is a matter of scrolling, not of the page. */
  const settle = () => {
    const still = new CSSStyleSheet();
    still.replaceSync(".jump, .thumb { position: static !important }");
    document.adoptedStyleSheets = [still];
  };
  const free = () => { document.adoptedStyleSheets = []; };
  /** Until the browser has drawn what was changed. */
  const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  /** The bars are the same on every page; where asked for the work alone, they are left out but on the first page. */
  const axe = async (options, work) => (await window.axe.run(work && !document.querySelector("#board") ? "main" : document, options)).violations.map((found) =>
    `${found.id}: ${found.nodes.slice(0, 4).map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);

  return { outside, long, focus, deaf, moving, edges, paper, unfold, larger, settle, free, drawn, axe };
})();
