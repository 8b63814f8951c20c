require(["jquery", "jhapi"], function ($, JHAPI) {
  "use strict";
  var api = new JHAPI(window.jhdata.base_url);
  var words = JSON.parse(document.getElementById("home-data").textContent);
  var reload = { success: function () { window.location.reload(); } };

  function said(button) {
    button.disabled = true;
    document.getElementById("stop-status").textContent = words.stopping;
  }

  $("#stop").on("click", function () {
    said(this);
    api.stop_server(window.jhdata.user, reload);
  });
  $(".stop-server").on("click", function () {
    said(this);
    // Removed as well: a run or a map that ended has nothing to come back to.
    api.delete_named_server(window.jhdata.user, String($(this).closest("tr").data("server-name")), reload);
  });
  $(".delete-server").on("click", function () {
    if (window.confirm(this.dataset.question)) {
      this.disabled = true;
      api.delete_named_server(window.jhdata.user, String($(this).closest("tr").data("server-name")), reload);
    }
  });
  window._jupyterhub_page_loaded = true;
});
