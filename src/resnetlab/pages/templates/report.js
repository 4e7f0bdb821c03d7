"use strict";
// Without this script everything can be read; with it the table filters, and titles open and close their claims in place.

const form = document.getElementById("page:filter");
const openAll = document.getElementById("page:open-all");
const claims = [...document.querySelectorAll(".claim")];
const pages = claims.map((claim) => claim.querySelector("details"));

function filter() {
  const { verdict, kind, source } = Object.fromEntries(new FormData(form));
  for (const claim of claims) {
    const { dataset } = claim;
    claim.hidden =
      Boolean(verdict && dataset.verdict !== verdict) ||
      Boolean(kind && !JSON.parse(dataset.kind).includes(kind)) ||
      Boolean(source && dataset.source !== source);
  }
  const left = claims.filter((claim) => !claim.hidden).length;
  document.getElementById("page:count").value = `${left} of ${claims.length} claims`;
  document.getElementById("page:nothing").hidden = left > 0;
}

function named(hash) {
  const page = document.getElementById(decodeURIComponent(hash.slice(1)));
  return page?.closest(".claim");
}

function openNamed() {
  const claim = named(location.hash);
  if (!claim) return;
  if (claim.hidden) form.reset(); // a link may lead to a claim that the filter hides
  claim.querySelector("details").open = true;
  claim.scrollIntoView();
}

form.hidden = false;
openAll.hidden = false;
form.addEventListener("change", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => {
  for (const select of form.querySelectorAll("select")) select.value = ""; // the event comes before the reset itself
  filter();
});
openAll.addEventListener("click", () => {
  const open = !pages.every((page) => page.open);
  for (const page of pages) page.open = open;
});
for (const page of pages) {
  page.addEventListener("toggle", () => {
    openAll.textContent = pages.every((one) => one.open) ? "Close all" : "Open all";
  });
}
addEventListener("hashchange", openNamed);
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const claim = named(link.hash);
  if (claim && claim === link.closest(".claim") && link.closest(".line")) {
    event.preventDefault(); // its page opens right below: nothing to scroll to
    const page = claim.querySelector("details");
    page.open = !page.open;
    history.replaceState(null, "", page.open ? link.hash : " ");
  } else if (claim && link.hash === location.hash) {
    openNamed(); // the same address again changes nothing, so no event would come
  }
});
let closed = [];
addEventListener("beforeprint", () => {
  closed = pages.filter((page) => !page.open);
  for (const page of closed) page.open = true;
});
addEventListener("afterprint", () => {
  for (const page of closed) page.open = false;
});
filter(); // a browser may have kept the choices of an earlier visit
openNamed();
