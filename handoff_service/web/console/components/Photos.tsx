import { useComputed } from "@preact/signals";
import { useState } from "preact/hooks";
import { broughtPhotos } from "../../shared/photos";
import type { Entry, MessageEntry } from "../../shared/protocol";
import { translator } from "../text";
import { SentFile } from "./Files";
import { Icon } from "./Icon";
import { FormDialog } from "./Modal";
import { useWorkplace } from "./workplace";

const MOST = 8;

/** Opens the form; only the widget shows its customer the places to fill. */
export function PhotosButton() {
  const { state } = useWorkplace();
  const t = state.t.value;
  if (!state.holding.value || state.mode.value !== "reply" || state.card.value?.channel !== "web") return null;
  return (
    <button type="button" class="icon-button ask-photos" aria-label={t("photos.ask")} title={t("photos.ask")} onClick={() => (state.dialog.value = "photos")}>
      <Icon name="photo" />
    </button>
  );
}

/** Which photos the customer is asked for, in his language, one name a line: the usual ones, or those that were refused. */
export function PhotosForm() {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  const theirs = translator(state.card.peek()?.language ?? state.language.peek());
  const { asked } = state.draft.peek();
  const [lead, setLead] = useState(asked?.text ?? theirs("photos.lead"));
  const [names, setNames] = useState(asked?.photos.join("\n") ?? theirs("photos.usual"));
  const run = async (): Promise<string | boolean> => {
    const conversation = state.current.peek();
    const wanted = [...new Set(names.split("\n").map((one) => one.trim()).filter((one) => one !== ""))];
    if (conversation === null || lead.trim() === "" || wanted.length === 0 || wanted.length > MOST) return t("photos.count", { most: MOST });
    writing.askForPhotos(conversation, lead.trim(), wanted);
    return true;
  };
  return (
    <FormDialog name="photos" title={t("photos.ask")} submit={t("photos.send")} run={run}>
      <div class="field">
        <label for="photos-lead">{t("photos.words")}</label>
        <textarea id="photos-lead" rows={2} dir="auto" maxLength={500} value={lead} onInput={(event) => setLead(event.currentTarget.value)} />
      </div>
      <div class="field">
        <label for="photos-names">{t("photos.names")}</label>
        <textarea id="photos-names" data-first rows={4} dir="auto" value={names} onInput={(event) => setNames(event.currentTarget.value)} />
      </div>
    </FormDialog>
  );
}

/** How far the last request is while its photos are missing, with the way to it, however much was said since. */
export function PhotosLine() {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  const open = useComputed(() => openRequest(state.timeline.value.entries, state.standing.value?.epoch)).value;
  if (open === null || !state.holding.value) return null;
  return (
    <button type="button" class="link photos-line" onClick={() => session.cite([open.seq])}>
      <Icon name="photo" />
      {t("photos.progress", { there: open.there, count: open.count })}
    </button>
  );
}

/** The last request under this epoch that still waits for photos; null when there is none. */
export function openRequest(entries: readonly Entry[], epoch: number | undefined): { readonly seq: number; readonly there: number; readonly count: number } | null {
  const last = entries.findLast((entry) => entry.kind === "message" && entry.body.photos !== undefined);
  if (last?.kind !== "message" || last.epoch !== epoch) return null;
  const brought = broughtPhotos(entries, last.seq, last.body.photos ?? []);
  const there = brought.filter((one) => one !== null).length;
  return there === brought.length ? null : { seq: last.seq, there, count: brought.length };
}

/** What has come of a request for photos, as one thing: each place with its picture, or missing. */
export function PhotosView({ entry }: { entry: MessageEntry }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const names = entry.body.photos ?? [];
  const brought = broughtPhotos(state.timeline.value.entries, entry.seq, names);
  const there = brought.filter((one) => one !== null).length;
  return (
    <div class="photos">
      <p role="status" class={there === names.length ? "badge good" : "badge"}>
        {t(there === names.length ? "photos.complete" : "photos.progress", { there, count: names.length })}
      </p>
      <ul>
        {names.map((name, index) => {
          const file = brought[index]?.body.file;
          return (
            <li key={name} class={file === undefined ? "missing" : "there"}>
              <b dir="auto">{name}</b>
              {file === undefined ? <span class="hint">{t("photos.missing")}</span> : <SentFile key={file.id} file={file} />}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
