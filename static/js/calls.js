/* Draws the charts of /calls/metrics/ from the figures in the page; the tables beside them say the same. */
(() => {
  "use strict"
  const figures = JSON.parse(document.getElementById("call-figures")?.textContent ?? "null")
  if (!figures || !window.Chart) return
  const probe = document.body.appendChild(document.createElement("span"))
  const ink = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color }
  const charts = []
  const words = [["answered", "Answered", "--acc"], ["no_answer", "No answer", "--calm"], ["failed", "Failed", "--bad-b"]]
  const outcomes = rows => words.map(([key, label, color]) => ({ label, data: rows.map(row => row[key]), color }))

  function draw(id, labels, sets, sideways) {
    const canvas = document.getElementById(id)
    if (!canvas) return
    const axis = every => ({ stacked: true, grid: { color: ink("--line") }, ticks: { color: ink("--mut"), precision: 0, autoSkip: !every }, border: { display: false } })
    charts.push(new window.Chart(canvas, {
      type: "bar",
      data: { labels, datasets: sets.map(({ color, ...set }) => ({ ...set, backgroundColor: ink(color), borderRadius: 2 })) },
      options: {
        indexAxis: sideways ? "y" : "x", responsive: true, maintainAspectRatio: false, animation: false,
        plugins: { legend: { display: sets.length > 1, position: "bottom", labels: { color: ink("--fg"), boxWidth: 10, boxHeight: 10 } } },
        scales: { x: axis(false), y: axis(sideways) },
      },
    }))
  }

  function drawAll() {
    charts.splice(0).forEach(chart => chart.destroy())
    draw("by-hour", figures.hours.map(row => `${row.hour}:00`), outcomes(figures.hours), false)
    draw("by-agent", figures.agents.map(row => row.agent__name), outcomes(figures.agents), true)
    draw("by-result", figures.results.map(row => row.words), [{ label: "Calls", data: figures.results.map(row => row.total), color: "--acc" }], true)
  }

  drawAll()
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll)
  new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] })
})()
