// What scrolls by itself can be scrolled by keys, too.
const focusable = () =>
  document.querySelectorAll("pre > code, .md-typeset__scrollwrap").forEach((part) => {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  });
addEventListener("load", focusable);
addEventListener("resize", focusable);
