import { takesFiles, type WholeTicket } from "../../tickets";
import { holds } from "../../views";
import { SentFile } from "../Files";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";

/** What belongs to the ticket, the customer's photos above all, and one more from the computer. */
export function TicketFiles({ whole }: { whole: WholeTicket }) {
  const { ticket, files } = whole;
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const adding = tickets.adding.value;
  const here = adding?.ticket === ticket.id;
  const works = holds(state, "tickets.work");
  if (files.length === 0 && !works) return null;
  return (
    <section class="ticket-files" aria-label={t("tickets.files")}>
      <h3>{t("tickets.files")}</h3>
      {files.length === 0 && <p class="hint">{t("tickets.no_files")}</p>}
      <ul>
        {files.map((file) => (
          <li key={file.id}>
            <SentFile file={file} />
            {file.audience === "internal" && <span class="hint">{t("tickets.file_internal")}</span>}
          </li>
        ))}
      </ul>
      {works && (!takesFiles(whole) ? <p class="hint">{t("tickets.of_nobody")}</p> : (
        <p class="ticket-line">
          <label class={`attach${adding === null ? "" : " off"}`}>
            <Icon name="clip" />
            {t("tickets.add_file")}
            <input type="file" class="sr-only" disabled={adding !== null}
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                if (file !== undefined) void tickets.attach(file);
                event.currentTarget.value = "";
              }} />
          </label>
          <span role="status" class="hint">{here && t("composer.attaching", { name: adding.name })}</span>
          {here && <button class="small" onClick={() => adding.stop.abort()}>{t("tickets.stop_adding")}</button>}
        </p>
      ))}
    </section>
  );
}
