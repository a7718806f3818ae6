// SPDX-License-Identifier: Apache-2.0
"use strict";
(() => {
  // The clip's times: what the charts cover.
  const begin = Number(document.body.dataset.begin);
  const end = Number(document.body.dataset.end);
  // Times of the video and the clip's beside them: from each on, both run alike.
  const anchors = JSON.parse(document.body.dataset.anchors);
  const moved = (time, from, to) => {
    const anchor = anchors.findLast((each) => each[from] <= time) ?? anchors[0];
    return anchor[to] + time - anchor[from];
  };
  const video = document.querySelector("video");
  const plots = [...document.querySelectorAll(".plot")];
  const rows = [...document.querySelectorAll("tr[data-start]")].map((row) => ({
    row,
    start: Number(row.dataset.start),
    end: Number(row.dataset.end),
  }));
  const charts = new Map();
  let now = begin;
  let wanted = null;

  const embedded = document.getElementById("movie");
  if (embedded) {
    // A blob can be sought in everywhere; a data URL cannot.
    const bytes = Uint8Array.from(atob(embedded.textContent), (letter) => letter.charCodeAt(0));
    embedded.remove();
    video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
  }
  const unplayable = () => {
    document.getElementById("unplayable").hidden = false;
  };
  video.addEventListener("error", unplayable);
  if (video.error) unplayable();

  const clock = (seconds) => {
    const tenths = Math.round(seconds * 10);
    const minutes = Math.floor(tenths / 600);
    return `${minutes}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
  };

  // The last point not after the time; a gap's point bears the time at which the face was lost.
  const pointAt = (times, time) => {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= time + 1e-3) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  const show = (time) => {
    now = Math.min(Math.max(time, begin), end);
    for (const plot of plots) {
      plot.querySelector(".cursor").style.left = `${(100 * (now - begin)) / (end - begin)}%`;
      plot.setAttribute("aria-valuenow", now.toFixed(2));
      plot.setAttribute("aria-valuetext", clock(now));
      const chart = charts.get(plot.dataset.track);
      if (!chart) continue;
      const point = pointAt(chart.data.x, now);
      chart.outputs.forEach((output, i) => {
        const value = point < 0 ? NaN : chart.data[`p${i}`][point];
        output.textContent = Number.isNaN(value) ? "–" : `${Math.round(100 * value)}%`;
      });
    }
    for (const { row, start, end: until } of rows) {
      if (start <= now + 1e-3 && now + 1e-3 < until) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  };

  const seek = (time) => {
    show(time);
    // Just behind a frame's own time, where it surely shows.
    wanted = Math.max(0, moved(now, 1, 0)) + 0.001;
    if (video.readyState) video.currentTime = wanted;
  };
  // Of a clip that starts late the browser first believes that it ends early, and only goes there once it knows better.
  video.addEventListener("durationchange", () => {
    if (wanted !== null && wanted > video.currentTime + 0.05) video.currentTime = wanted;
  });

  const follow = () => {
    show(moved(video.currentTime + 1e-6, 0, 1));
    if (!video.paused && !video.ended) requestAnimationFrame(follow);
  };
  video.addEventListener("play", () => {
    wanted = null;
    follow();
  });
  video.addEventListener("seeked", () => show(moved(video.currentTime + 1e-6, 0, 1)));

  for (const plot of plots) {
    plot.addEventListener("click", (event) => {
      const space = plot.querySelector(".space").getBoundingClientRect();
      seek(begin + ((end - begin) * (event.clientX - space.left)) / space.width);
    });
    plot.addEventListener("keydown", (event) => {
      const step = Math.max(1, (end - begin) / 100);
      const to = { ArrowLeft: now - step, ArrowRight: now + step, Home: begin, End: end }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      seek(to);
    });
  }
  for (const { row, start } of rows) row.addEventListener("click", () => seek(start));

  const raw = document.getElementById("raw");
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";
  const draw = (chart) => {
    chart.buttons.forEach((button, i) => {
      chart.document.get_model_by_name(`p-${i}`).visible = pressed(button);
      chart.document.get_model_by_name(`raw-${i}`).visible = pressed(button) && raw.checked;
    });
  };
  if (raw) raw.addEventListener("change", () => charts.forEach(draw));

  // A label that does not fit its block is left to the block's title.
  const fit = () => {
    const blocks = [...document.querySelectorAll(".band span")];
    for (const block of blocks) block.classList.remove("short");
    // All are measured before any is changed, or the browser would lay the page out anew for each.
    const short = blocks.filter((block) => block.scrollWidth > block.clientWidth);
    for (const block of short) block.classList.add("short");
  };
  fit();
  addEventListener("resize", fit);

  const embed = async (item) => {
    const track = item.target_id.slice("chart-".length);
    await Bokeh.embed.embed_item(item);
    const document_ = Bokeh.documents[Bokeh.documents.length - 1];
    const buttons = [...document.querySelectorAll(`button[data-track="${track}"]`)];
    const chart = {
      document: document_,
      data: document_.get_model_by_name(`data-${track}`).data,
      buttons,
      outputs: buttons.map((button) => button.querySelector("output")),
    };
    charts.set(track, chart);
    for (const button of buttons)
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(!pressed(button)));
        draw(chart);
      });
  };
  const start = async () => {
    for (const item of JSON.parse(document.getElementById("charts").textContent)) await embed(item);
    show(now);
    document.documentElement.dataset.ready = "true";
  };
  start();
})();
