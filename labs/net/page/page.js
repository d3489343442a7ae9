// A STOMP 1.2 client of a hundred lines, so that every frame on the page is one that was sent or has come.
"use strict";

const $ = (id) => document.getElementById(id);
const MAX_FRAMES = 200;
let socket = null;
let subscriptions = 0;

const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", ":": "\\c" };

function state(text) {
  $("state").textContent = text;
}

function show(way, text) {
  const item = document.createElement("li");
  item.className = way;
  const arrow = way === "out" ? "→ " : "← ";
  item.textContent = arrow + (text.trim() === "" ? "heart-beat" : text.replace(/\0/g, "␀"));
  $("frames").prepend(item);
  while ($("frames").children.length > MAX_FRAMES) $("frames").lastChild.remove();
}

function encode(command, headers, body) {
  const escape = (text) => (command === "CONNECT" ? text : text.replace(/[\\\n\r:]/g, (each) => ESCAPES[each]));
  const lines = Object.entries(headers).map(([name, value]) => `${escape(name)}:${escape(value)}`);
  return `${[command, ...lines].join("\n")}\n\n${body || ""}\0`;
}

function write(command, headers, body) {
  if (!socket || socket.readyState !== WebSocket.OPEN) {
    state("not connected: connect first");
    return;
  }
  const frame = encode(command, headers, body);
  socket.send(frame);
  show("out", frame);
}

function connect() {
  if (socket) socket.close();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/ws`, ["v12.stomp"]);
  socket = mine;
  mine.binaryType = "arraybuffer";
  state("connecting");
  mine.onopen = () => {
    const headers = { "accept-version": "1.2", host: location.hostname, "heart-beat": "0,0" };
    if ($("login").value) headers.login = $("login").value;
    if ($("token").value) headers.passcode = $("token").value;
    const frame = encode("CONNECT", headers);
    mine.send(frame);
    show("out", frame.replace(/^passcode:.*$/m, "passcode:…"));
  };
  mine.onmessage = (event) => {
    const text = typeof event.data === "string" ? event.data : `${event.data.byteLength} bytes, binary`;
    show("in", text);
    if (text.startsWith("CONNECTED\n")) state("connected");
  };
  mine.onclose = (event) => {
    if (socket !== mine) return;
    socket = null;
    state(`closed: ${event.code} ${event.reason}`);
  };
}

function on(id, action) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action();
  });
}

on("connect", connect);
on("subscribe", () => write("SUBSCRIBE", { id: `sub-${subscriptions++}`, destination: $("topic").value }));
on("send", () => write("SEND", { destination: $("to").value, "content-type": "text/plain" }, $("body").value));
$("disconnect").addEventListener("click", () => write("DISCONNECT", { receipt: "bye" }));
