// Done with care: ids and threads are kept in a file, threads are looked up in Slack, a 429 waits, what
// failed is tried again, and a batch is confirmed when all of it is posted. One message after the other.
const base = env.get("BARE_BASE"), channel = env.get("BARE_CHANNEL"), file = env.get("FLOW_FILE");
if (context.get("busy")) return null;
context.set("busy", true);
const state = context.get("state") || load();
context.set("state", state);

function load() {
  const found = { seen: new Set(), threads: {}, agent: new http.Agent({ keepAlive: true }) };
  if (fs.existsSync(file)) {
    for (const line of fs.readFileSync(file, "utf8").split("\n")) {
      if (!line) continue;
      const entry = JSON.parse(line);
      if (entry.id) found.seen.add(entry.id);
      if (entry.thread) found.threads[entry.conversation] = entry.thread;
    }
  }
  return found;
}

function keep(entry) {
  fs.appendFileSync(file, JSON.stringify(entry) + "\n");
}

function call(method, path, body, token) {
  return new Promise((resolve, reject) => {
    const text = body ? JSON.stringify(body) : "";
    const headers = { "Accept-version": "1.2", "Content-Type": "application/json; charset=utf-8" };
    if (text) headers["Content-Length"] = Buffer.byteLength(text);
    if (token) headers.Authorization = "Bearer " + token;
    const request = http.request(base + path, { method, headers, agent: state.agent, timeout: 20000 }, (answer) => {
      let data = "";
      answer.on("data", (part) => (data += part));
      answer.on("end", () => {
        if (answer.statusCode === 429) {
          setTimeout(() => call(method, path, body, token).then(resolve, reject), 1000 * Number(answer.headers["retry-after"] || 1));
        } else if (answer.statusCode >= 300) reject(new Error("status " + answer.statusCode));
        else resolve(data ? JSON.parse(data) : {});
      });
    });
    request.on("error", reject);
    request.end(text);
  });
}

async function slack(method, body) {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await call("POST", "/slack/api/" + method, body, env.get("BARE_TOKEN"));
      if (!answer.ok) throw new Error(answer.error);
      return answer;
    } catch (error) {
      if (attempt === 3) throw error;
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}

async function threadOf(conversation) {
  if (state.threads[conversation]) return state.threads[conversation];
  const history = await slack("conversations.history", { channel, limit: 200, include_all_metadata: true });
  const root = history.messages.find((each) => each.metadata && each.metadata.event_payload.conversation === conversation);
  const thread = root ? root.ts : (await slack("chat.postMessage", {
    channel, text: "Conversation " + conversation,
    metadata: { event_type: "conversation", event_payload: { conversation } },
  })).ts;
  state.threads[conversation] = thread;
  keep({ conversation, thread });
  return thread;
}

async function round() {
  if (!state.token) {
    const login = { client_id: "id", client_secret: "secret" };
    state.token = (await call("POST", "/booking/token-based-authentication/exchange", login)).jwt;
  }
  for (;;) {
    const batch = (await call("GET", "/booking/messaging/messages/latest", null, state.token)).data.messages;
    if (!batch.length) return;
    for (const message of batch) {
      if (state.seen.has(message.message_id)) continue;
      const conversation = message.conversation.conversation_id;
      await slack("chat.postMessage", { channel, text: message.content, thread_ts: await threadOf(conversation) });
      state.seen.add(message.message_id);
      keep({ id: message.message_id });
    }
    await call("PUT", "/booking/messaging/messages?number_of_messages=" + batch.length, null, state.token);
  }
}

round().catch((error) => node.warn(error.message)).finally(() => context.set("busy", false));
return null;
