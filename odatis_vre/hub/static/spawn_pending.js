require(["jquery", "jhapi"], function ($, JHAPI) {
  "use strict";
  var data = JSON.parse(document.getElementById("start-data").textContent);
  var words = data.words;
  var started = data.started ? Date.parse(data.started) : Date.now();
  var expected = data.expected_seconds;
  var steps = Array.prototype.slice.call(document.querySelectorAll("#steps li"));
  var names = steps.map(function (item) { return item.dataset.step; });
  var reached = -1;
  var ended = false;

  function element(id) { return document.getElementById(id); }

  function duration(seconds) {
    return seconds < 90
      ? words.seconds.replace("{count}", String(Math.round(seconds)))
      : words.minutes.replace("{count}", String(Math.round(seconds / 60)));
  }

  function tick() {
    var seconds = Math.max(0, (Date.now() - started) / 1000);
    element("elapsed").textContent = words.elapsed.replace("{duration}", duration(seconds));
    if (expected) {
      element("expected").textContent =
        seconds > 2 * expected ? words.long : words.expected.replace("{duration}", duration(expected));
    }
  }

  function reach(step) {
    var position = names.indexOf(step);
    if (position <= reached) { return; }
    reached = position;
    steps.forEach(function (item, index) {
      item.classList.toggle("vre-step-done", index < reached);
      item.classList.toggle("vre-step-now", index === reached);
      if (index === reached) { item.setAttribute("aria-current", "step"); } else { item.removeAttribute("aria-current"); }
      item.querySelector(".vre-state").textContent =
        index < reached ? "(" + words.done + ")" : index === reached ? "(" + words.now + ")" : "";
    });
  }

  function read(event) {
    var message = String(event.message || "");
    var report = data.reports.find(function (known) { return new RegExp(known.pattern).test(message); });
    var step = event.step || (report && report.step);
    if (step) { reach(step); }
    if (report && report.text) { element("progress-message").textContent = report.text; }
    if (event.text) { element("progress-message").textContent = event.text; }
    if (message) { $("<div>").text(message).appendTo("#progress-log"); }
  }

  var source = new EventSource(data.progress_url);
  source.onmessage = function (received) {
    var event = JSON.parse(received.data);
    if (event.expected_seconds) { expected = event.expected_seconds; }
    if (event.progress !== undefined) { element("progress-bar").style.width = Math.max(3, event.progress) + "%"; }
    read(event);
    tick();
    if (event.ready) {
      ended = true;
      source.close();
      reach("ready");
      window.location.reload();
    }
    if (event.failed) {
      ended = true;
      source.close();
      clearInterval(clock);
      element("starting").hidden = true;
      element("waiting").hidden = true;
      element("stop-server-btn").hidden = true;
      // Of a start that took too long JupyterHub gives no reason.
      var told = /^Spawn failed:?\s*$/.test(event.message || "") ? "" : event.message;
      element("failed-message").textContent = told || words.no_reason;
      element("failed-message").classList.toggle("vre-detail", Boolean(told));
      element("failed").hidden = false;
      element("progress-details").open = true;
    }
  };
  source.onerror = function () {
    if (!ended) { element("progress-message").textContent = words.lost; }
    // A closed stream does not come back by itself: the page asks again.
    if (!ended && source.readyState === EventSource.CLOSED) { setTimeout(function () { window.location.reload(); }, 5000); }
  };

  $("#stop-server-btn").on("click", function () {
    var button = this;
    var answers = {
      success: function () { window.location.assign(window.jhdata.base_url + "home"); },
      error: function () {
        button.disabled = false;
        element("stop-server-status").textContent = words.not_stopped;
      },
    };
    button.disabled = true;
    element("stop-server-status").textContent = words.stopping;
    if (data.server_name) {
      new JHAPI(window.jhdata.base_url).stop_named_server(window.jhdata.user, data.server_name, answers);
    } else {
      new JHAPI(window.jhdata.base_url).stop_server(window.jhdata.user, answers);
    }
  });

  tick();
  var clock = setInterval(tick, 1000);
  window._jupyterhub_page_loaded = true;
});
