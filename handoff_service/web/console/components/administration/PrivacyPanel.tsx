import { useEffect, useState } from "preact/hooks";
import { dayTime, fullTime } from "../../../shared/time";
import { actorName } from "../../actors";
import { channelName, type Found, type Job, MOST_FOUND } from "../../privacy";
import { cause } from "../../problem";
import { useWorkplace } from "../workplace";
import { PersonData } from "./PersonData";

/** One customer's data: finding him, what is kept, a copy, legal holds and erasing; and what was erased before. */
export function PrivacyPanel() {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const { found, kept, failed, about } = privacy;
  useEffect(() => {
    void privacy.start();
    return () => privacy.leave();
  }, []);
  return (
    <div class="page-stack">
      <section class="page-panel" aria-label={t("forms.privacy")}>
        <h2>{t("forms.privacy")}</h2>
        <p class="hint">{t("privacy.lead")}</p>
        <Search />
        {failed.value !== null && (
          <p class="page-failed" role="alert">
            {cause(failed.value, t)} <button class="small" onClick={() => void privacy.start()}>{t("page.retry")}</button>
          </p>
        )}
        {about.value === "short" && <p class="hint" role="status">{t("privacy.short")}</p>}
        {kept.value === null && found.value?.length === 0 && <p class="hint" role="status">{t("privacy.nobody")}</p>}
        {kept.value === null && <ul class="rows">{found.value?.map((one) => <FoundLine key={one.contact} found={one} />)}</ul>}
        {kept.value === null && about.value === "more" && <p class="hint" role="status">{t("privacy.more", { n: MOST_FOUND })}</p>}
        {kept.value !== null && <PersonData key={kept.value.contact} kept={kept.value} />}
      </section>
      <Erasures />
    </div>
  );
}

function Search() {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const [words, setWords] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void privacy.find(words);
  };
  return (
    <form class="try" role="search" onSubmit={submit}>
      <input type="search" required maxLength={120} aria-label={t("privacy.search")} placeholder={t("privacy.search")} value={words}
        onInput={(event) => setWords(event.currentTarget.value)} />
      <button class="primary">{t("privacy.find")}</button>
    </form>
  );
}

function FoundLine({ found: { contact, name, channels, at, preview } }: { found: Found }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  return (
    <li>
      <button class="link-row" data-contact={contact} onClick={() => void privacy.show(contact)}>
        <span class="ticket-line">
          <strong dir="auto">{name || t("list.anonymous")}</strong>
          {channels.length > 0 && <span class="badge">{channels.map((each) => channelName(each, t)).join(" · ")}</span>}
          {at !== null && <time class="due">{dayTime(at, state.language.value)}</time>}
        </span>
        <span class="hint" dir="auto">{at === null ? t("privacy.no_conversation") : preview}</span>
      </button>
    </li>
  );
}

/** The latest erasures: who asked for them, and how far they are. */
function Erasures() {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const jobs = privacy.jobs.value;
  return (
    <section class="page-panel" aria-label={t("privacy.erasures")}>
      <h2>{t("privacy.erasures")}</h2>
      {jobs.length === 0 && <p class="hint">{t("privacy.no_erasures")}</p>}
      <ul class="rows accounts">{jobs.map((job) => <JobLine key={job.job} job={job} />)}</ul>
    </section>
  );
}

function JobLine({ job: { job, subject, state: how, requested_by, erased, created_at } }: { job: Job }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const done = how === "done";
  const { conversations = 0, entries = 0, tickets = 0, files = 0 } = erased;
  return (
    <li data-job={job}>
      <span class="ticket-line">
        <strong>{actorName(state, requested_by)}</strong>
        <span class={done ? "badge good" : "badge"}>{t(done ? "privacy.done" : "privacy.running")}</span>
        <time class="due">{fullTime(created_at, state.language.value)}</time>
      </span>
      <span class="hint">{t("privacy.erased_counts", { conversations, entries, tickets, files })} · <code>{subject}</code></span>
    </li>
  );
}
