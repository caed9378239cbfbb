// Sets the theme before the first paint; a file of its own because the page's policy allows no inline script.
(function () {
  var kept = null;
  try {
    kept = localStorage.getItem("updraft-theme");
  } catch (error) {
    kept = null;
  }
  var dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
