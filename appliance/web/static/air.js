/* On the air: seals what is secret in a form, and gives the form a MAC. What it promises: appliance/web/ground/air.py. */
(function () {
  "use strict";
  var me = document.currentScript, nacl = window.nacl, store;
  var PREFIX = "tch.air.", LOST_MS = 15000;
  try {
    store = window.localStorage;
    store.setItem(PREFIX + "try", "1");
    store.removeItem(PREFIX + "try");
  } catch (e) { return; }
  if (!nacl || !me || !window.FormData || !FormData.prototype.forEach || !HTMLFormElement.prototype.reportValidity) { return; }

  var tag = me.getAttribute("data-tag");

  function bytes(text) {  // UTF-8
    var plain = unescape(encodeURIComponent(text)), out = new Uint8Array(plain.length), i;
    for (i = 0; i < plain.length; i++) { out[i] = plain.charCodeAt(i); }
    return out;
  }
  function join(a, b) {
    var out = new Uint8Array(a.length + b.length);
    out.set(a);
    out.set(b, a.length);
    return out;
  }
  function hex(some) {
    var out = "", i;
    for (i = 0; i < some.length; i++) { out += (some[i] < 16 ? "0" : "") + some[i].toString(16); }
    return out;
  }
  function unhex(text) {
    var out = new Uint8Array(text.length / 2), i;
    for (i = 0; i < out.length; i++) { out[i] = parseInt(text.substr(2 * i, 2), 16); }
    return out;
  }
  function hmac(key, said) {  // HMAC-SHA-512 (RFC 2104), with a key shorter than a block
    var inner = new Uint8Array(128), outer = new Uint8Array(128), i;
    for (i = 0; i < 128; i++) {
      inner[i] = (key[i] || 0) ^ 0x36;
      outer[i] = (key[i] || 0) ^ 0x5c;
    }
    return nacl.hash(join(outer, nacl.hash(join(inner, said))));
  }
  function tagOf(key) { return hex(hmac(key, bytes("tch.air.tag")).subarray(0, 8)); }
  function forget(but) {
    var names = [], i;
    for (i = 0; i < store.length; i++) { names.push(store.key(i)); }
    names.forEach(function (name) {
      if (name.indexOf(PREFIX) === 0 && name !== PREFIX + but) { store.removeItem(name); }
    });
  }
  // A sign-in has come about, here or in another tab: of all keys that were tried, this is the one.
  if (tag) { forget(tag); }

  function kept() {
    var text = tag && store.getItem(PREFIX + tag);
    return text ? unhex(text) : null;
  }
  function plain(text) {
    return encodeURIComponent(String(text).replace(/\r\n?/g, "\n"));
  }
  function hidden(form, name, value) {
    var field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    field.setAttribute("data-by-air", "");
    form.appendChild(field);
  }
  function secrets(form) {
    var all = form.querySelectorAll("input[type=password]");
    return Array.prototype.filter.call(all, function (field) { return field.name; });
  }
  function clean(form) {  // after going back to a page that was sent already
    Array.prototype.forEach.call(form.querySelectorAll("[data-by-air]"), function (field) {
      field.parentNode.removeChild(field);
    });
    secrets(form).forEach(function (field) { field.disabled = false; });
  }
  function say(form) {
    var note = document.createElement("p");
    note.className = "why-not";
    note.setAttribute("role", "alert");
    note.setAttribute("data-by-air", "");
    note.textContent = me.getAttribute("data-lost");
    form.appendChild(note);
  }
  function pathOf(form) {
    var link = document.createElement("a");
    link.href = form.getAttribute("action") || location.href;
    return link.pathname + link.search;
  }
  function fieldsOf(form) {  // those of one name together, as the hub reads them
    var names = [], of = Object.create(null), out = [];
    new FormData(form).forEach(function (value, name) {
      if (!of[name]) { of[name] = []; names.push(name); }
      of[name].push(plain(name) + "=" + plain(value));
    });
    names.forEach(function (name) { out = out.concat(of[name]); });
    return out;
  }
  function box(form, key, hub) {
    var said = { k: hex(key), f: {} }, text, pair = nacl.box.keyPair(), nonce = nacl.randomBytes(24);
    secrets(form).forEach(function (field) { said.f[field.name] = field.value; });
    text = JSON.stringify(said);
    while (bytes(text).length % 256) { text += " "; }  // how long a PIN is is nobody's business
    return hex(join(pair.publicKey, join(nonce, nacl.box(bytes(text), nonce, hub, pair.secretKey))));
  }
  function send(form, button, key, fresh, given) {
    if (button && button.name) { hidden(form, button.name, button.value); }
    if (fresh || secrets(form).length) {
      var sealed = box(form, key, unhex(given.key));
      secrets(form).forEach(function (field) { field.disabled = true; });
      hidden(form, "air_box", sealed);
    }
    hidden(form, "air_challenge", given.challenge);
    var said = ["tch.air.1", "POST", pathOf(form)].concat(fieldsOf(form)).join("\n");
    hidden(form, "air_mac", hex(hmac(key, bytes(said)).subarray(0, 32)));
    if (fresh) { store.setItem(PREFIX + tagOf(key), hex(key)); }
    if (/\/leave$/.test(pathOf(form))) { forget(""); }
    HTMLFormElement.prototype.submit.call(form);
  }

  window.addEventListener("pageshow", function (event) {  // back, to a page that the browser kept as it was left
    if (event.persisted) { Array.prototype.forEach.call(document.forms, clean); }
  });
  var pressed = null, busy = 0;
  document.addEventListener("click", function (event) {
    pressed = event.target.closest ? event.target.closest("button, input[type=submit]") : null;
  }, true);
  document.addEventListener("submit", function (event) {
    var form = event.target, button = event.submitter || (pressed && pressed.form === form ? pressed : null);
    if (event.defaultPrevented || (form.getAttribute("method") || "").toLowerCase() !== "post") { return; }
    clean(form);
    var opens = form.hasAttribute("data-opens"), own = opens ? null : kept();
    if (!own && !opens && !secrets(form).length) { return; }
    event.preventDefault();
    if (busy && Date.now() - busy < LOST_MS) { return; }  // a second tap
    busy = Date.now();
    var asked = new XMLHttpRequest();
    function lost() { busy = 0; say(form); }
    asked.open("GET", "/air");
    asked.timeout = LOST_MS;
    asked.onerror = asked.ontimeout = lost;
    asked.onload = function () {
      var given;
      try { given = JSON.parse(asked.responseText); } catch (e) { given = {}; }
      if (asked.status !== 200 || !given.key || !given.challenge) { lost(); return; }
      send(form, button, own || nacl.randomBytes(32), opens, given);
      busy = 0;
    };
    asked.send();
  });
}());
