// A part of a picture and what is said of it light up together.
for (const photo of document.querySelectorAll(".photo")) {
  const hole = photo.querySelector(".hole");
  const partsOf = (name) => photo.querySelectorAll(`[data-part="${name}"]`);
  const nameAt = (node) => node?.closest?.("[data-part]")?.dataset.part;
  const focused = () => photo.contains(document.activeElement) && nameAt(document.activeElement);
  const light = (name) => {
    photo.querySelectorAll(".lit").forEach((part) => part.classList.remove("lit"));
    photo.classList.toggle("lighting", Boolean(name));
    if (!name) return;
    partsOf(name).forEach((part) => part.classList.add("lit"));
    const edge = photo.querySelector(`.marks [data-part="${name}"] .edge`);
    for (const side of ["x", "y", "width", "height"]) hole.setAttribute(side, edge.getAttribute(side));
  };
  photo.addEventListener("pointerover", (event) => light(nameAt(event.target) || focused()));
  photo.addEventListener("pointerleave", () => light(focused()));
  photo.addEventListener("focusin", (event) => light(nameAt(event.target)));
  photo.addEventListener("focusout", () => light());
  photo.querySelector(".marks").addEventListener("click", (event) => {
    const name = nameAt(event.target);
    if (name) photo.querySelector(`li[data-part="${name}"]`).focus();
  });
}
const boxes = document.getElementById("boxes");
const photos = [...document.querySelectorAll(".photo")];
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "b") boxes.checked = !boxes.checked;
  if (event.key === "Escape") document.activeElement.blur();
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const tops = photos.map((photo) => Math.abs(photo.getBoundingClientRect().top));
  const here = tops.indexOf(Math.min(...tops));
  photos[Math.max(0, Math.min(photos.length - 1, here + step))].scrollIntoView();
});
