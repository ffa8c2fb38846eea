import { useState } from "preact/hooks";
import forms from "../../styles/forms.css?inline";
import css from "../../styles/rating.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { Problem } from "../problem";
import { StarIcon } from "./icons";

dress(forms);
dress(css);

const SCORES = [1, 2, 3, 4, 5] as const;

/** One to five stars, with words if one likes, when all is over. */
export function RatingCard() {
  const chat = useChat();
  const { t } = chat;
  const [score, setScore] = useState(0);
  const [comment, setComment] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const said = comment.trim();
    void chat.act("rating", { score, ...(said === "" ? {} : { comment: said }) });
  };
  return (
    <form class="card form rating" onSubmit={submit} aria-label={t("rateTitle")}>
      <h3>{t("rateTitle")}</h3>
      <fieldset class="stars">
        <legend class="hidden">{t("rateScale")}</legend>
        {SCORES.map((value) => (
          <label key={value} class={value <= score ? "star on" : "star"} title={t("rateStar", { count: value })}>
            <input type="radio" class="hidden" name="score" value={value} checked={score === value} onChange={() => setScore(value)} />
            <StarIcon size={30} />
            <span class="hidden">{t("rateStar", { count: value })}</span>
          </label>
        ))}
      </fieldset>
      {score > 0 && (
        <>
          <textarea rows={2} maxLength={1000} dir="auto" aria-label={t("rateComment")} placeholder={t("rateComment")} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
          <div class="actions"><button type="submit" class="button" disabled={chat.busy.value === "rating"}>{t("rateSend")}</button></div>
        </>
      )}
      <p class="quiet">{t("closedText")}</p>
      <Problem action="rating" />
    </form>
  );
}
