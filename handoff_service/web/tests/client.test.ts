import { beforeEach, describe, expect, it, vi } from "vitest";
import { TandemClient, type ConnectionState, type SendError } from "../shared/client";
import type { EntriesPage, Entry } from "../shared/protocol";
import { memoryStorage, type KeyValueStorage } from "../shared/storage";
import { FakeClock, FakeNetwork, message, settle, welcome } from "./fakes";

const CONV = "c_1";

let clock: FakeClock;
let network: FakeNetwork;
let storage: KeyValueStorage;
let client: TandemClient;
let seqs: number[];
let states: ConnectionState[];
const getTicket = vi.fn<() => Promise<string>>();
const fetchEntries = vi.fn<(conv: string, after: number) => Promise<EntriesPage>>();

function newClient(): TandemClient {
  const made = new TandemClient({
    baseUrl: "https://chat.example", device: "d_1", language: "zh", getTicket, fetchEntries, storage, clock,
    socket: network.open,
  });
  seqs = [];
  states = [];
  made.on("entry", (_conv, entry) => seqs.push(entry.seq));
  made.on("state", (state) => states.push(state));
  return made;
}

async function online(overrides: Parameters<typeof welcome>[0] = {}): Promise<void> {
  client.connect();
  await settle();
  network.last.accept();
  network.last.say(welcome(overrides));
}

async function reconnect(code = 1012, overrides: Parameters<typeof welcome>[0] = {}): Promise<void> {
  const before = network.sockets.length;
  network.last.drop(code);
  await clock.advance(60_000);
  expect(network.sockets.length).toBeGreaterThan(before);
  network.last.accept();
  network.last.say(welcome(overrides));
}

const entry = (item: Entry) => network.last.say({ t: "entry", conv: CONV, entry: item });
const page = (from: number, to: number, log = "log_1"): EntriesPage => ({
  log_id: log, conversation: CONV, last_seq: to, entries: Array.from({ length: to - from + 1 }, (_, i) => message(from + i)),
});
const confirm = (clientId: string, seq: number) => network.last.say({ t: "sent", client_id: clientId, conv: CONV, seq, mid: `m_${seq}` });
const text = (words: string) => ({ text: words });
const sentTexts = () => network.last.frames("send").map((frame) => ("text" in frame.body ? frame.body.text : "press"));

beforeEach(() => {
  clock = new FakeClock();
  network = new FakeNetwork();
  storage = memoryStorage();
  getTicket.mockReset().mockResolvedValue("tick");
  fetchEntries.mockReset().mockRejectedValue(new Error("no network"));
  client = newClient();
});

describe("hello and resume", () => {
  it("greets with ticket, device and language over the subprotocol", async () => {
    await online();
    expect(network.last.url).toBe("wss://chat.example/v1/ws");
    expect(network.last.protocols).toEqual(["tandem.v1"]);
    expect(network.last.sent[0]).toEqual({ t: "hello", proto: 1, ticket: "tick", device: "d_1", language: "zh", subs: [] });
    expect(states).toEqual(["connecting", "online"]);
  });

  it("resumes every conversation from its cursor with a new ticket", async () => {
    await online({ current: { conv: CONV, last_seq: 2 } });
    entry(message(1));
    entry(message(2));
    getTicket.mockResolvedValue("second");
    await reconnect();
    expect(network.last.frames("hello")[0]).toMatchObject({ ticket: "second", subs: [{ conv: CONV, after: 2 }] });
    entry(message(3));
    expect(seqs).toEqual([1, 2, 3]);
  });

  it("starts from 0 when the log is another one, and says so", async () => {
    const reset = vi.fn();
    client.on("reset", reset);
    await online({ current: { conv: CONV, last_seq: 2 } });
    entry(message(1));
    entry(message(2));
    network.last.drop(1012);
    await clock.advance(60_000);
    const foreign = network.last;
    foreign.accept();
    foreign.say(welcome({ log_id: "log_2", current: { conv: CONV, last_seq: 9 } }));
    expect(reset).toHaveBeenCalledWith("log_2");
    await settle();
    expect(foreign.closedByClient).toBe(true);
    expect(network.last).not.toBe(foreign);
    network.last.accept();
    expect(network.last.frames("hello")[0]?.subs).toEqual([{ conv: CONV, after: 0 }]);
    network.last.say(welcome({ log_id: "log_2" }));
    entry(message(1));
    expect(seqs).toEqual([1, 2, 1]);
    expect(reset).toHaveBeenCalledTimes(1);
  });

  it("follows a conversation of an agent only while it is subscribed", async () => {
    await online({ principal: { kind: "agent", id: "a_1", name: "Lin" } });
    entry(message(1));
    client.subscribe(CONV);
    expect(network.last.frames("sub")).toEqual([{ t: "sub", conv: CONV, after: 0 }]);
    entry(message(1));
    client.unsubscribe(CONV);
    entry(message(2));
    expect(network.last.frames("unsub")).toEqual([{ t: "unsub", conv: CONV }]);
    expect(seqs).toEqual([1]);
  });
});

describe("order", () => {
  beforeEach(() => online({ current: { conv: CONV, last_seq: 0 } }));

  it("drops duplicates", () => {
    for (const seq of [1, 1, 2, 1, 2, 3]) entry(message(seq));
    expect(seqs).toEqual([1, 2, 3]);
  });

  it("fetches what is missing before it shows what came early", async () => {
    fetchEntries.mockResolvedValue(page(2, 4));
    entry(message(1));
    entry(message(5));
    expect(seqs).toEqual([1]);
    await settle();
    expect(fetchEntries).toHaveBeenCalledExactlyOnceWith(CONV, 1);
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
  });

  it("puts entries that overtook each other in order without waiting for the fetch", async () => {
    fetchEntries.mockReturnValue(new Promise(() => undefined));
    for (const seq of [2, 3, 1]) entry(message(seq));
    expect(seqs).toEqual([1, 2, 3]);
  });

  it("fetches a long hole page by page", async () => {
    fetchEntries.mockImplementation(async (_conv, after) => ({ ...page(after + 1, Math.min(after + 2, 5)), last_seq: 5 }));
    entry(message(5));
    await settle();
    await settle();
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
  });

  it("tries a failed fetch again, and never shows entries behind a hole", async () => {
    entry(message(2));
    await clock.advance(999);
    expect(fetchEntries).toHaveBeenCalledOnce();
    fetchEntries.mockResolvedValue({ ...page(2, 3), last_seq: 3 });
    await clock.advance(1);
    expect(fetchEntries).toHaveBeenCalledTimes(2);
    expect(seqs).toEqual([]);
    fetchEntries.mockResolvedValue(page(1, 3));
    await clock.advance(2_000);
    expect(seqs).toEqual([1, 2, 3]);
  });

  it("counts hidden entries", () => {
    entry(message(1));
    entry({ seq: 2, kind: "hidden" });
    entry(message(3));
    expect(seqs).toEqual([1, 2, 3]);
    expect(fetchEntries).not.toHaveBeenCalled();
  });

  it("acknowledges cumulatively, at most once a second", async () => {
    for (const seq of [1, 2, 3]) entry(message(seq));
    expect(network.last.frames("ack")).toEqual([]);
    await clock.advance(1_000);
    expect(network.last.frames("ack")).toEqual([{ t: "ack", conv: CONV, seq: 3 }]);
    entry(message(4));
    await clock.advance(999);
    expect(network.last.frames("ack")).toHaveLength(1);
    await clock.advance(1);
    expect(network.last.frames("ack").at(-1)).toEqual({ t: "ack", conv: CONV, seq: 4 });
  });
});

describe("sending", () => {
  it("keeps what is written offline and sends it in order", async () => {
    client.send(null, text("one"));
    client.send(null, text("two"));
    await online();
    expect(sentTexts()).toEqual(["one", "two"]);
    expect(client.pending(null)).toHaveLength(2);
  });

  it("resends with the same ids after a lost acknowledgement, until it is confirmed", async () => {
    await online();
    const id = client.send(CONV, text("hello"), { epoch: 3, audience: "public" });
    await reconnect();
    expect(network.last.frames("send")).toEqual([
      { t: "send", client_id: id, conv: CONV, body: { text: "hello" }, epoch: 3, audience: "public" },
    ]);
    const sent = vi.fn();
    client.on("sent", sent);
    confirm(id, 1);
    confirm(id, 1);
    expect(sent).toHaveBeenCalledOnce();
    expect(client.pending()).toEqual([]);
    await reconnect();
    expect(network.last.frames("send")).toEqual([]);
  });

  it("takes its own entry for the confirmation", async () => {
    await online();
    const id = client.send(null, text("hello"));
    const sent = vi.fn();
    client.on("sent", sent);
    entry(message(1, { client_id: id }));
    expect(sent).toHaveBeenCalledWith({ client_id: id, conv: CONV, seq: 1, mid: "m_1" }, expect.objectContaining({ client_id: id }));
    expect(client.pending()).toEqual([]);
  });

  it("sends again what got no answer on a living connection", async () => {
    await online();
    client.send(null, text("hello"));
    for (let beat = 0; beat < 3; beat += 1) {
      await clock.advance(5_000);
      network.last.say({ t: "pong" });
    }
    expect(sentTexts()).toEqual(["hello", "hello"]);
  });

  it("has at most 8 in flight", async () => {
    await online();
    const ids = Array.from({ length: 10 }, (_, i) => client.send(null, text(`${i}`)));
    expect(sentTexts()).toHaveLength(8);
    confirm(ids[0]!, 1);
    expect(sentTexts()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
  });

  it("survives the page: a new client sends what the old one could not", async () => {
    client.send(null, text("written before the reload"));
    client.close();
    client = newClient();
    await online();
    expect(sentTexts()).toEqual(["written before the reload"]);
  });

  it("shares the outbox with another tab without losing either's messages", () => {
    const other = newClient();
    client.send(null, text("from the first tab"));
    other.send(null, text("from the second tab"));
    expect(newClient().pending().map((draft) => draft.body)).toEqual([text("from the first tab"), text("from the second tab")]);
  });

  it("gives the draft back when the server refuses it for good", async () => {
    const errors: SendError[] = [];
    client.on("sendError", (error) => errors.push(error));
    await online();
    const id = client.send(CONV, text("too late"), { epoch: 2 });
    const owner = { kind: "bot" as const, agent: null };
    network.last.say({ t: "err", client_id: id, code: "fenced", message: "The conversation moved on.", retryable: false, owner, epoch: 3 });
    expect(errors).toMatchObject([{ code: "fenced", epoch: 3, draft: { client_id: id, body: { text: "too late" } } }]);
    expect(client.pending()).toEqual([]);
  });

  it("waits and tries again when the server asks for patience", async () => {
    await online();
    const id = client.send(null, text("hello"));
    network.last.say({ t: "err", client_id: id, code: "rate", message: "Slow down.", retryable: true });
    client.send(null, text("later"));
    expect(sentTexts()).toEqual(["hello"]);
    await clock.advance(1_000);
    expect(sentTexts()).toEqual(["hello", "hello", "later"]);
  });

  it("refuses a text over the limit without sending it; a limit in characters, not UTF-16 units", async () => {
    const errors: SendError[] = [];
    client.on("sendError", (error) => errors.push(error));
    await online({ limits: { text_chars: 3 } });
    client.send(null, text("😀😀😀"));
    client.send(null, text("😀😀😀😀"));
    await settle();
    expect(sentTexts()).toEqual(["😀😀😀"]);
    expect(errors).toMatchObject([{ code: "too_large", draft: { body: { text: "😀😀😀😀" } } }]);
  });

  it("gives up the frame that the server closed the connection over", async () => {
    const errors: SendError[] = [];
    client.on("sendError", (error) => errors.push(error));
    await online();
    client.send(null, text("huge"));
    client.send(null, text("small"));
    await reconnect(1009);
    expect(errors).toMatchObject([{ code: "too_large", draft: { body: { text: "huge" } } }]);
    expect(sentTexts()).toEqual(["small"]);
  });
});

describe("staying connected", () => {
  it("pings every 20 s and takes 45 s of silence for death", async () => {
    await online();
    const first = network.last;
    await clock.advance(20_000);
    expect(first.frames("ping")).toHaveLength(1);
    first.say({ t: "pong" });
    await clock.advance(44_999);
    expect(client.state).toBe("online");
    await clock.advance(1);
    expect(first.closedByClient).toBe(true);
    expect(client.state).toBe("offline");
  });

  it("backs off up to 0.5 s, then up to twice as long as it has waited, at most 60 s", async () => {
    await online();
    network.last.drop(1006);
    for (const ms of [500, 1_000, 3_000, 9_000, 27_000, 60_000, 60_000]) {
      const count = network.sockets.length;
      await clock.advance(ms - 1);
      expect(network.sockets).toHaveLength(count);
      await clock.advance(1);
      expect(network.sockets).toHaveLength(count + 1);
      network.last.drop(1006);
    }
  });

  it("spreads the reconnects of many clients over the whole time (full jitter)", async () => {
    clock.chance = 0.25;
    await online();
    network.last.drop(1012);
    await clock.advance(124);
    expect(network.sockets).toHaveLength(1);
    await clock.advance(1);
    expect(network.sockets).toHaveLength(2);
  });

  it("forgets its failures only after 30 healthy seconds", async () => {
    await online();
    network.last.drop(1006);
    await clock.advance(500);
    network.last.accept();
    network.last.say(welcome());
    await clock.advance(29_999);
    network.last.drop(1006);
    await clock.advance(999);
    expect(network.sockets).toHaveLength(2);
    await clock.advance(1);
    network.last.accept();
    network.last.say(welcome());
    await clock.advance(30_000);
    network.last.drop(1006);
    await clock.advance(500);
    expect(network.sockets).toHaveLength(4);
  });

  it("backs off from a server that closes it again and again as too slow", async () => {
    await online();
    for (const ms of [500, 1_000, 3_000]) {
      const count = network.sockets.length;
      network.last.drop(4408);
      await clock.advance(ms - 1);
      expect(network.sockets).toHaveLength(count);
      await clock.advance(1);
      expect(network.sockets).toHaveLength(count + 1);
      network.last.accept();
      network.last.say(welcome());
    }
  });

  it("waits as long as a busy server asks for, and by chance longer", async () => {
    getTicket.mockRejectedValueOnce(Object.assign(new Error("busy"), { status: 503, retryAfterS: 2 }));
    client.connect();
    await settle();
    await clock.advance(2_499);
    expect(network.sockets).toHaveLength(0);
    await clock.advance(1);
    expect(network.sockets).toHaveLength(1);
  });

  it("gets a new ticket at once after 4401, and asks for a sign-in after the second", async () => {
    await online();
    network.last.drop(4401);
    await settle();
    expect(network.sockets).toHaveLength(2);
    network.last.drop(4401);
    expect(client.state).toBe("unauthorized");
    await clock.advance(120_000);
    expect(network.sockets).toHaveLength(2);
    client.connect();
    await settle();
    expect(network.sockets).toHaveLength(3);
  });

  it("stops when the ticket is refused, and goes on when only the network failed", async () => {
    getTicket.mockRejectedValueOnce(new TypeError("fetch failed"));
    client.connect();
    await settle();
    expect(client.state).toBe("offline");
    getTicket.mockRejectedValueOnce(Object.assign(new Error("signed out"), { status: 401 }));
    await clock.advance(500);
    expect(client.state).toBe("unauthorized");
    expect(network.sockets).toHaveLength(0);
  });

  it("leaves the field to the tab that replaced it, until somebody looks at this one", async () => {
    await online();
    network.last.drop(4409);
    await clock.advance(120_000);
    const look = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    window.dispatchEvent(new Event("online")); // all forgotten tabs hear this together
    await settle();
    expect(network.sockets).toHaveLength(1);
    look.mockRestore();
    document.dispatchEvent(new Event("visibilitychange"));
    await settle();
    expect(network.sockets).toHaveLength(2);
  });

  it("dials at once when the network is back, and checks a connection that slept", async () => {
    await online();
    network.last.drop(1006);
    window.dispatchEvent(new Event("online"));
    await settle();
    expect(network.sockets).toHaveLength(2);
    network.last.accept();
    network.last.say(welcome());
    const sleeper = network.last;
    window.dispatchEvent(new Event("online"));
    expect(sleeper.frames("ping")).toHaveLength(1);
    await clock.advance(5_000);
    expect(sleeper.closedByClient).toBe(true);
  });

  it("is silent after close", async () => {
    await online();
    client.close();
    window.dispatchEvent(new Event("online"));
    await clock.advance(120_000);
    expect(network.sockets).toHaveLength(1);
    expect(client.state).toBe("offline");
  });

  it("limits typing to one frame in 3 s and never reads backwards", async () => {
    await online();
    client.typing(CONV);
    client.typing(CONV);
    client.read(CONV, 4);
    client.read(CONV, 3);
    expect(network.last.frames("typing")).toHaveLength(1);
    expect(network.last.frames("read")).toEqual([{ t: "read", conv: CONV, seq: 4 }]);
  });
});
