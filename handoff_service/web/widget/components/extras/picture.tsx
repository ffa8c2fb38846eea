import { useEffect, useRef, useState } from "preact/hooks";
import css from "../../styles/attached.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";

dress(css);

const MOST_PX = 480;

/**
 * A picture drawn on a canvas: no address is loaded, so that no page's `img-src` stands against it, and nothing in the
 * file can do more than be painted. A `quiet` one is not there if it cannot be shown.
 */
export function Picture({ load, name, small = false, quiet = false }: { load: () => Promise<Blob>; name: string; small?: boolean; quiet?: boolean }) {
  const { t } = useChat();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let gone = false;
    void paint(load, () => (gone ? null : canvas.current), small ? 96 : MOST_PX).catch(() => setFailed(true));
    return () => void (gone = true);
  }, []);
  if (failed && quiet) return null;
  if (failed) return <span class="picture-failed">{t("fileUnseen")}</span>;
  return <canvas ref={canvas} class={small ? "picture small" : "picture"} width={small ? 48 : 240} height={small ? 48 : 160} role="img" aria-label={name} />;
}

async function paint(load: () => Promise<Blob>, find: () => HTMLCanvasElement | null, most: number): Promise<void> {
  const bitmap = await createImageBitmap(await load());
  const canvas = find();
  if (canvas === null) return;
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}
