// Sums each cube of the page anew for what is picked, as pipelines/publish/cube.py does: its table, tiles and chart.
const cubes = JSON.parse(document.getElementById("cubes").textContent);
const form = document.getElementById("filters");
const ALL = "All", DAY = "day";

function picks() {
  const given = new FormData(form), kept = {};
  const from = given.get("day_from"), to = given.get("day_to");
  if (from || to) kept[DAY] = word => (!from || word >= from) && (!to || word <= to);
  for (const [name, word] of given) if (word && !name.startsWith("day_")) kept[name] = other => other === word;
  return kept;
}

function picked(cube, kept) {
  const tests = cube.dimensions.flatMap((name, place) =>
    kept[name] ? [[place, cube.words[place].map(kept[name])]] : []);
  return cube.rows.filter(row => tests.every(([place, keeps]) => keeps[row[place]]));
}

function grouped(cube, by, rows) {
  const at = cube.dimensions.indexOf(by), width = cube.dimensions.length, found = new Map();
  for (const row of rows) {
    const word = at < 0 ? ALL : cube.words[at][row[at]];
    if (!found.has(word)) found.set(word, cube.sums.map(() => 0));
    const sums = found.get(word);
    for (let place = 0; place < sums.length; place++) sums[place] += row[width + place];
  }
  return found;
}

const number = digits => new Intl.NumberFormat("en-US",
  {minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven"});
const [whole, tenths, hundredths] = [number(0), number(1), number(2)];

function figure(cube, measure, sums) {
  let value = sums[cube.sums.indexOf(measure.of)];
  if (measure.per !== null) {
    const per = sums[cube.sums.indexOf(measure.per)];
    if (!per) return "–";
    value /= per;
  }
  if (measure.form === "count") return whole.format(value);
  if (measure.form === "percent") return tenths.format(value * 100) + "\u00a0%";
  return (value < 0 ? "−" : "") + cube.sign + hundredths.format(Math.abs(value) / 100);
}

function drawn(cube, rows) {
  return [...grouped(cube, cube.drawn_by, rows)].map(([word, sums]) => Object.fromEntries([
    [cube.drawn_by, cube.drawn_by === DAY ? word + "T00:00:00" : word],
    ...cube.sums.map((name, place) => [name, cube.amounts.includes(name) ? sums[place] / 100 : sums[place]]),
  ]));
}

function show(name, cube, kept) {
  const place = document.querySelector(`[data-cube="${name}"]`), rows = picked(cube, kept);
  const all = grouped(cube, null, rows);
  const lines = [...grouped(cube, cube.by, rows), ...all].map(([word, sums]) => {
    const line = document.createElement("tr");
    for (const text of [word, ...cube.shown.map(measure => figure(cube, measure, sums))])
      line.appendChild(document.createElement("td")).textContent = text;
    return line;
  });
  place.querySelector("tbody").replaceChildren(...lines);
  place.querySelector(".empty").hidden = lines.length > 0;
  const sums = all.get(ALL) || cube.sums.map(() => 0);
  place.querySelectorAll(".tiles .figure").forEach((tile, at) => {
    tile.textContent = figure(cube, cube.tiles[at], sums);
  });
  if (views[name]) views[name].then(({view}) => view.data("figures", drawn(cube, rows)).resize().runAsync());
}

function update() {
  const kept = picks(), given = new FormData(form);
  for (const [name, cube] of Object.entries(cubes)) show(name, cube, kept);
  const said = [...form.querySelectorAll("select")].map(each =>
    each.value || each.selectedOptions[0].textContent.toLowerCase());
  const first = form.elements.day_from, last = form.elements.day_to;
  document.getElementById("picked").textContent =
    `Shown: ${given.get("day_from") || first.min} to ${given.get("day_to") || last.max}, ${said.join(", ")}.`;
}

form.addEventListener("change", update);
form.addEventListener("reset", () => setTimeout(update));
form.addEventListener("submit", event => event.preventDefault());
update();
