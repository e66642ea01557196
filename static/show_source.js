// Fills <code data-source="file.js"> with the text of that file.

for (const place of document.querySelectorAll("[data-source]")) {
  try {
    const response = await fetch(place.dataset.source);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    place.textContent = await response.text();
  } catch (error) {
    place.textContent = `Cannot load ${place.dataset.source}: ${error.message}`;
  }
}
