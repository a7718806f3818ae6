// SPDX-License-Identifier: Apache-2.0
"use strict";
(() => {
  const one = (id) => document.getElementById(id);
  const AGAIN_MS = 1000;
  let about = null;

  // What the server says of an error, in one sentence.
  const sentenceOf = async (response) => {
    try {
      return (await response.json()).detail;
    } catch {
      return `the server answered ${response.status}`;
    }
  };
  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const tell = (text, bad = false) => {
    const notice = one("notice");
    notice.hidden = !text;
    notice.classList.toggle("bad", bad);
    if (notice.textContent !== text) notice.textContent = text;
  };
  const LOST = "The server does not answer. Trying again…";
  const call = async (path, options) => {
    const response = await fetch(path, options);
    if (response.status === 401) ask();
    return response;
  };
  const clock = (seconds) => {
    const whole = Math.max(1, Math.ceil(seconds));
    if (whole < 60) return `${whole} s`;
    return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name.toLowerCase()}`);
  const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

  // The clips of this browser, the newest first: nobody else knows their ids.
  const KEY = "cfc-sp-clips";
  const remembered = () => {
    try {
      const list = JSON.parse(localStorage.getItem(KEY));
      return Array.isArray(list) ? list.filter((clip) => /^[0-9a-f]{32}$/.test(clip.id)) : [];
    } catch {
      return [];
    }
  };
  const remember = (list) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(list.slice(0, 50)));
    } catch {
      // A browser that keeps nothing has no history.
    }
  };
  const forget = (id) => {
    remember(remembered().filter((clip) => clip.id !== id));
    list();
  };

  const list = () => {
    const clips = remembered();
    one("history").hidden = clips.length === 0;
    one("history-list").replaceChildren(
      ...clips.map((clip) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = `#${clip.id}`;
        link.textContent = clip.name;
        if (clip.id === shown) link.setAttribute("aria-current", "true");
        const when = document.createElement("span");
        when.className = "quiet";
        when.textContent = new Date(clip.sent).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
        const remove = document.createElement("button");
        remove.type = "button";
        remove.textContent = "Remove";
        remove.setAttribute("aria-label", `Remove ${clip.name}`);
        remove.addEventListener("click", () => drop(clip.id));
        item.append(link, when, remove);
        return item;
      }),
    );
  };

  // The clip that is looked at.
  let shown = null;
  let events = null;
  let sending = null;
  let counts = {};

  const reset = (name, state) => {
    events?.close();
    events = null;
    counts = {};
    one("clip").hidden = !name;
    one("drop").classList.toggle("small", !!name);
    one("clip-name").textContent = name ?? "";
    one("clip-state").textContent = state ?? "";
    one("clip-state").classList.remove("bad");
    one("clip-progress").hidden = false;
    one("clip-progress").removeAttribute("value");
    one("cancel").textContent = "Cancel";
    one("downloads").hidden = true;
    one("report").hidden = true;
    one("report").removeAttribute("src");
    share();
  };

  const share = () => {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const ranked = Object.entries(counts).sort((a, b) => b[1] - a[1]);
    one("shares").replaceChildren(
      ...ranked.map(([label, count]) => {
        const part = document.createElement("span");
        part.style.background = colour(label);
        part.style.flexGrow = count;
        return part;
      }),
    );
    const text = ranked.slice(0, 4).map(([label, count]) => `${label} ${Math.round((100 * count) / total)}%`);
    one("shares-text").textContent = text.length ? `${text.join(", ")} of the faces until now.` : "";
  };

  const passes = { reading: "Looking at the faces", drawing: "Drawing the results" };
  const show = (clip) => {
    const { state, progress } = clip;
    const bar = one("clip-progress");
    one("clip-state").classList.toggle("bad", state === "failed");
    if (state === "waiting") {
      one("clip-state").textContent = clip.place > 1 ? `Waiting: ${clip.place - 1} in front.` : "Waiting: next in the queue.";
      bar.removeAttribute("value");
    } else if (state === "working") {
      const { stage, share: done, left_s: left } = progress ?? {};
      const words = passes[stage] ?? "Starting";
      one("clip-state").textContent = `${words}${done == null ? "…" : `: ${Math.round(100 * done)}%`}${left == null ? "" : `, about ${clock(left)} left`}`;
      if (done == null) bar.removeAttribute("value");
      else bar.value = done;
      document.title = done == null ? clip.name : `${Math.round(100 * done)}% – ${clip.name}`;
    } else {
      document.title = clip.name;
      bar.hidden = true;
      one("cancel").textContent = "Remove";
      one("shares").replaceChildren();
      one("shares-text").textContent = "";
      if (state === "done") finish(clip);
      else one("clip-state").textContent = state === "failed" ? capital(clip.error) : "This clip was removed.";
    }
  };

  const finish = (clip) => {
    const hours = Math.round(clip.expires_s / 360) / 10;
    one("clip-state").textContent = `Done. The results stay for ${hours} hours.`;
    const links = clip.files.map((file) => {
      const link = document.createElement("a");
      link.className = "button";
      link.href = `${file.url}?download=true`;
      link.download = "";
      link.textContent = `${file.name} (${size(file.bytes)})`;
      return link;
    });
    one("downloads").replaceChildren(...links);
    one("downloads").hidden = links.length === 0;
    const report = clip.files.find((file) => file.name === "report.html");
    if (report) {
      one("report").src = report.url;
      one("report").hidden = false;
    }
  };

  const follow = (id) => {
    if (shown !== id) return;
    events?.close();
    const source = (events = new EventSource(`/v1/clips/${id}/events`));
    const mine = (act) => (event) => {
      if (events === source) act(event);
    };
    source.addEventListener(
      "state",
      mine((event) => {
        const clip = JSON.parse(event.data);
        tell("");
        show(clip);
        if (!["waiting", "working"].includes(clip.state)) source.close();
      }),
    );
    source.addEventListener(
      "rows",
      mine((event) => {
        for (const { label } of JSON.parse(event.data)) if (label) counts[label] = (counts[label] ?? 0) + 1;
        share();
      }),
    );
    source.addEventListener("restart", mine(() => (counts = {})));
    source.addEventListener(
      "error",
      mine(() => {
        tell(LOST, true);
        // The browser tries again by itself unless it got an answer that is no stream of events.
        if (source.readyState === EventSource.CLOSED) setTimeout(() => open(id), AGAIN_MS);
      }),
    );
  };

  const open = async (id) => {
    if (shown !== id) {
      shown = id;
      reset(remembered().find((clip) => clip.id === id)?.name ?? "Clip", "");
      list();
    }
    try {
      const response = await call(`/v1/clips/${id}`);
      if (shown !== id) return;
      if (response.status === 401) {
        shown = null;
      } else if (response.status === 404) {
        show({ state: "failed", name: one("clip-name").textContent, error: await sentenceOf(response) });
        tell("");
      } else if (response.ok) {
        const clip = await response.json();
        one("clip-name").textContent = clip.name;
        show(clip);
        tell("");
        counts = {};
        if (["waiting", "working"].includes(clip.state)) follow(id);
      } else throw new Error("busy");
    } catch {
      tell(LOST, true);
      setTimeout(() => shown === id && open(id), AGAIN_MS);
    }
  };

  const drop = async (id) => {
    try {
      const response = await call(`/v1/clips/${id}`, { method: "DELETE" });
      if (!response.ok && response.status !== 404) return tell(capital(await sentenceOf(response)), true);
    } catch {
      return tell("The server does not answer. Try again in a moment.", true);
    }
    forget(id);
    if (shown === id) {
      shown = null;
      reset(null);
      document.title = "Facial expressions in video";
      history.replaceState(null, "", "#clips");
    }
  };

  // Sending a clip: by XMLHttpRequest, which tells how much of it has gone.
  const send = (file, name) => {
    tell("");
    if (file.size > about.limits.clip_bytes) {
      return tell(`Expected a clip of at most ${size(about.limits.clip_bytes)}, found ${size(file.size)}: send a shorter one.`, true);
    }
    sending?.abort();
    shown = null;
    list();
    reset(name, "Sending…");
    one("clip").scrollIntoView({ block: "nearest" });
    const request = (sending = new XMLHttpRequest());
    request.open("POST", `/v1/clips?${new URLSearchParams({ name })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      one("clip-progress").value = loaded / total;
      one("clip-state").textContent = loaded < total ? `Sending: ${Math.round((100 * loaded) / total)}%` : "Sent. Looking at the file…";
    });
    const failed = (sentence) => {
      reset(null);
      tell(`${name}: ${sentence}`, true);
    };
    request.addEventListener("error", () => failed("the connection to the server was lost; send it again."));
    request.addEventListener("abort", () => sending === request && reset(null));
    request.addEventListener("load", () => {
      sending = null;
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // What stands between may answer in words of its own.
      }
      if (request.status === 401) ask();
      if (request.status !== 202) return failed(answer.detail ?? `the server answered ${request.status}`);
      remember([{ id: answer.id, name, sent: Date.now() }, ...remembered()]);
      location.hash = answer.id;
    });
    request.send(file);
  };

  one("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) send(target.files[0], target.files[0].name);
    target.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"])
    addEventListener(kind, (event) => {
      event.preventDefault();
      one("drop").classList.toggle("over", kind === "dragover");
      if (kind === "drop" && !one("clips").hidden && event.dataTransfer.files[0]) send(event.dataTransfer.files[0], event.dataTransfer.files[0].name);
    });
  one("sample").addEventListener("click", async () => {
    const response = await call("/v1/sample");
    if (response.ok) send(await response.blob(), "sample.mp4");
    else tell(capital(await sentenceOf(response)), true);
  });
  one("cancel").addEventListener("click", () => {
    if (shown) drop(shown);
    else sending?.abort();
  });

  // The camera.
  const WIDEST = 640;
  const EVERY_MS = 66;
  const MOST_BUFFERED = 300000;
  const live = one("live");
  const overlay = one("overlay");
  const picture = document.createElement("canvas");
  let socket = null;
  let timer = null;
  let sentAt = new Map();
  let sent = 0;
  let answered = [];
  let spoken = 0;

  const stop = (text) => {
    clearInterval(timer);
    const old = socket;
    socket = null;
    old?.close();
    for (const track of live.srcObject?.getTracks() ?? []) track.stop();
    live.srcObject = null;
    one("start").textContent = "Start the camera";
    for (const id of ["stage", "figures", "faces"]) one(id).hidden = true;
    one("camera-state").textContent = text ?? "Stopped.";
  };

  const start = async () => {
    if (!navigator.mediaDevices) return stop("This browser gives the camera to pages from https:// or from this machine alone.");
    one("start").textContent = "Stop";
    one("camera-state").textContent = "Waiting for the camera…";
    try {
      live.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDEST }, facingMode: "user" }, audio: false });
      await live.play();
    } catch (error) {
      return stop(`The camera cannot be used: ${error.message || error.name}.`);
    }
    for (const id of ["stage", "figures", "faces"]) one(id).hidden = false;
    one("camera-state").textContent = "Connecting…";
    connect();
    timer = setInterval(grab, EVERY_MS);
  };

  const connect = () => {
    [sentAt, sent, answered] = [new Map(), 0, []];
    const mine = (socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream`));
    mine.binaryType = "arraybuffer";
    mine.addEventListener("open", () => (one("camera-state").textContent = "Pictures go to this server alone, and are not kept."));
    mine.addEventListener("message", ({ data }) => socket === mine && answer(JSON.parse(data)));
    mine.addEventListener("close", () => {
      if (socket !== mine) return;
      one("camera-state").textContent = "The server takes no pictures now. Trying again…";
      overlay.getContext("2d").clearRect(0, 0, overlay.width, overlay.height);
      setTimeout(() => socket === mine && connect(), 3 * AGAIN_MS);
    });
  };

  const grab = () => {
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST_BUFFERED || !live.videoWidth) return;
    const scale = Math.min(1, WIDEST / live.videoWidth);
    picture.width = Math.round(live.videoWidth * scale);
    picture.height = Math.round(live.videoHeight * scale);
    picture.getContext("2d").drawImage(live, 0, 0, picture.width, picture.height);
    const began = performance.now();
    const to = socket;
    picture.toBlob(
      (blob) => {
        if (!blob || socket !== to || to.readyState !== WebSocket.OPEN) return;
        sentAt.set(sent++, began);
        to.send(blob);
      },
      "image/jpeg",
      0.85,
    );
  };

  const answer = (result) => {
    const now = performance.now();
    const began = sentAt.get(result.frame);
    for (const frame of sentAt.keys()) if (frame <= result.frame) sentAt.delete(frame);
    answered = [...answered.filter((time) => now - time < 2000), now];
    one("latency").textContent = began === undefined ? "–" : `${Math.round(now - began)} ms`;
    one("answers").textContent = answered.length > 1 ? ((1000 * (answered.length - 1)) / (now - answered[0])).toFixed(1) : "–";
    one("dropped").textContent = result.dropped;
    if (result.error) {
      one("camera-state").textContent = capital(result.error);
      return;
    }
    paint(result);
    if (now - spoken > 1000) {
      spoken = now;
      const words = result.faces.map((face) => `${face.label} ${Math.round(100 * face.confidence)}%`);
      one("faces").textContent = words.length ? words.join(", ") : "No face in sight.";
    }
  };

  // What is drawn is as large as the screen shows it, whatever the camera's size.
  const paint = ({ width, height, faces }) => {
    const stage = overlay.getBoundingClientRect();
    const video = live.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    overlay.width = Math.round(stage.width * ratio);
    overlay.height = Math.round(stage.height * ratio);
    const pen = overlay.getContext("2d");
    pen.scale(ratio, ratio);
    pen.textBaseline = "middle";
    const scale = Math.min(video.width / width, video.height / height);
    const shown = { width: width * scale, height: height * scale };
    shown.x = video.x - stage.x + (video.width - shown.width) / 2;
    shown.y = video.y - stage.y + (video.height - shown.height) / 2;
    const areas = faces.map(({ box: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1));
    const largest = areas.indexOf(Math.max(...areas));
    faces.forEach((face, i) => {
      const [x1, y1, x2, y2] = face.box.map((value, at) => value * scale + (at % 2 ? shown.y : shown.x));
      for (const [line, ink] of [
        [5, "#111"],
        [3, colour(face.label)],
      ]) {
        pen.lineWidth = line;
        pen.strokeStyle = ink;
        pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
      }
      const text = `${face.label} ${Math.round(100 * face.confidence)}%`;
      pen.font = "600 14px system-ui, sans-serif";
      const wide = pen.measureText(text).width + 12;
      const x = Math.min(Math.max(shown.x, x1 - 2), shown.x + shown.width - wide);
      const y = y1 - shown.y > 24 ? y1 - 24 : Math.min(y2 + 2, shown.y + shown.height - 22);
      pen.fillStyle = colour(face.label);
      pen.fillRect(x, y, wide, 22);
      pen.fillStyle = colour(`on-${face.label}`);
      pen.fillText(text, x + 6, y + 11.5);
      if (i === largest) bars(pen, face, shown, stage, (x1 + x2) / 2);
    });
  };

  // The eight bars: over the picture, on the side that the face is not on; on a small screen below it.
  const bars = (pen, face, shown, stage, middle) => {
    const row = 18;
    const below = stage.width < 560;
    const rows = below ? about.classes.length / 2 : about.classes.length;
    const wide = below ? stage.width / 2 : 190;
    const x = below ? 0 : middle > shown.x + shown.width / 2 ? shown.x + 8 : shown.x + shown.width - wide - 8;
    const y = below ? stage.height - row * rows - 5 : shown.y + shown.height - row * rows - 18;
    if (!below) {
      pen.fillStyle = "rgba(17, 17, 17, 0.72)";
      pen.fillRect(x, y - 5, wide, row * rows + 10);
    }
    pen.font = "12px system-ui, sans-serif";
    about.classes.forEach((name, i) => {
      const left = x + wide * Math.floor(i / rows);
      const line = y + row * (i % rows);
      const room = wide - 78 - 42;
      const value = face.probabilities[name];
      pen.fillStyle = "#fff";
      pen.fillText(name, left + 8, line + row / 2);
      pen.fillStyle = "rgba(255, 255, 255, 0.2)";
      pen.fillRect(left + 78, line + 5, room, row - 10);
      pen.fillStyle = colour(name);
      pen.fillRect(left + 78, line + 5, Math.max(1, room * value), row - 10);
      pen.fillStyle = "#fff";
      pen.textAlign = "right";
      pen.fillText(`${Math.round(100 * value)}%`, left + wide - 8, line + row / 2);
      pen.textAlign = "left";
    });
  };

  one("start").addEventListener("click", () => (live.srcObject ? stop() : start()));

  // Which part is shown follows the address: #clips, #camera, or the id of a clip.
  const route = () => {
    if (!about) return;
    const place = location.hash.slice(1);
    const camera = place === "camera";
    one("clips").hidden = camera;
    one("camera").hidden = !camera;
    one("to-clips").toggleAttribute("aria-current", !camera);
    one("to-camera").toggleAttribute("aria-current", camera);
    if (!camera && live.srcObject) stop();
    if (/^[0-9a-f]{32}$/.test(place)) open(place);
    else if (!camera && !sending && shown) {
      shown = null;
      reset(null);
      list();
    }
  };
  addEventListener("hashchange", route);

  const ask = () => {
    one("login").hidden = false;
    one("clips").hidden = one("camera").hidden = true;
    one("token").focus();
  };
  one("login").addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await fetch("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${one("token").value.trim()}` } });
    if (!response.ok) return tell(capital(await sentenceOf(response)), true);
    tell("");
    one("token").value = "";
    one("login").hidden = true;
    begin();
  });

  const begin = async () => {
    try {
      const response = await call("/v1/about");
      if (response.status === 401) return;
      if (!response.ok) throw new Error("busy");
      about = await response.json();
    } catch {
      tell(LOST, true);
      setTimeout(begin, AGAIN_MS);
      return;
    }
    tell("");
    const { clip_bytes: bytes, seconds } = about.limits;
    one("classes").replaceChildren(
      ...about.classes.map((name) => {
        const item = document.createElement("li");
        item.textContent = name;
        item.style.background = colour(name);
        item.style.color = colour(`on-${name}`);
        return item;
      }),
    );
    one("limits").textContent = `Up to ${clock(seconds)} and ${Math.round(bytes / 1e6)} MB; whatever FFmpeg plays.`;
    one("sample").hidden = !about.sample;
    list();
    route();
    document.documentElement.dataset.ready = "true";
  };
  begin();
})();
