// What the Node clients do: `node clients.cjs ACTION URL [TRANSPORT]`. Each fact that they see is a line on standard
// output; the test compares them.
"use strict";

const { Client } = require("@stomp/stompjs");
const SockJS = require("sockjs-client");
Object.assign(globalThis, { WebSocket: require("ws") });

const [action, url, transport] = process.argv.slice(2);
const say = (text) => process.stdout.write(`${text}\n`);

function client(settings) {
  const made = new Client({ reconnectDelay: 0, heartbeatIncoming: 1000, heartbeatOutgoing: 1000, ...settings });
  made.onStompError = (frame) => say(`error ${frame.headers.message}`);
  return made;
}

function finish(made) {
  made.deactivate().then(() => {
    say("deactivated");
    process.exit(0);
  });
}

const ACTIONS = {
  // Echo by /app/echo, one answer of /app/time, and a queue with acknowledgements in a transaction.
  session(settings) {
    const made = client({ connectHeaders: { login: "alice" }, ...settings });
    made.onConnect = (frame) => {
      say(`connected ${frame.headers.version} ${frame.headers["user-name"]}`);
      made.subscribe("/app/time", (message) => {
        say(/^time:\d{4}-/.test(message.body) ? "time" : message.body);
        made.subscribe("/topic/echo", (answer) => {
          say(answer.body);
          made.subscribe("/queue/peer", (task) => {
            say(`task ${task.body}`);
            made.watchForReceipt("acknowledged", () => finish(made));
            task.ack({ receipt: "acknowledged" });
          }, { ack: "client-individual" });
          const transaction = made.begin();
          made.publish({ destination: "/queue/peer", body: "one", headers: { transaction: transaction.id } });
          transaction.commit();
        });
        made.publish({ destination: "/app/echo", body: "hello €" });
      });
    };
    made.activate();
  },
  // Connect again whenever the connection is lost, and work afterwards.
  reconnect(settings) {
    const made = client({ reconnectDelay: 100, ...settings });
    let times = 0;
    made.onConnect = () => {
      times += 1;
      say(`connected ${times}`);
      if (times < 2) return;
      made.subscribe("/topic/echo", (answer) => {
        say(answer.body);
        finish(made);
      });
      made.publish({ destination: "/app/echo", body: "again" });
    };
    made.activate();
  },
};

const sockjs = transport && transport !== "native";
ACTIONS[action](sockjs
  ? { webSocketFactory: () => new SockJS(url, null, { transports: [transport] }) }
  : { brokerURL: url });
