/* How far care has come, while its QR is shown: asked anew every few seconds, for half an hour. Without it the page is reloaded by hand. */
(function () {
  "use strict";
  var box = document.getElementById("progress"), left = 360, page = box && box.getAttribute("data-page");
  if (!box || !window.fetch) { return; }
  function look() {
    if (document.hidden) { later(); return; }
    left -= 1;
    fetch(page + "/progress", { credentials: "same-origin", redirect: "error" })
      .then(function (answer) { if (!answer.ok) { throw new Error("gone"); } return answer.text(); })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("progress");
        if (!fresh || fresh.innerHTML === box.innerHTML) { later(); return; }
        if (!fresh.querySelector("[data-open]")) { location.replace(page); return; }
        box.parentNode.replaceChild(document.importNode(fresh, true), box);
        box = document.getElementById("progress");
        later();
      })
      .catch(later);
  }
  function later() { if (left > 0) { setTimeout(look, 5000); } }
  later();
}());
