// A tenant's colours and place on the page, as a style sheet; readable whatever the brand's colour is.

export interface Look {
  /** The brand's colour, "#155eb0". */
  accent?: string | null;
  /** Address of a square picture on the gateway or the tenant's own site. */
  logo?: string | null;
  position?: "end" | "start";
  scheme?: "auto" | "light" | "dark";
}

type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const INK: Rgb = [7, 18, 32];
/** The grounds that the accent is read on (tokens.css). */
const LIGHT: Rgb = [245, 247, 250];
const DARK: Rgb = [33, 43, 54];
/** WCAG 2.2, 1.4.3. */
const CONTRAST = 4.5;

export function isLook(value: unknown): value is Look {
  return typeof value === "object" && value !== null;
}

/** The sheet that goes after tokens.css; `dark` are the dark colours of the product. */
export function lookSheet(look: Look, dark: string): string {
  const rgb = parse(look.accent);
  const brand = (ground: Rgb, towards: Rgb, soft: number) => (rgb === null ? "" : `:host{${accents(rgb, ground, towards, soft)}}`);
  const night = dark + brand(DARK, WHITE, 0.8);
  const scheme = look.scheme ?? "auto";
  return [
    scheme === "dark" ? "" : brand(LIGHT, [0, 0, 0], 0.9),
    scheme === "auto" ? `@media (prefers-color-scheme:dark){${night}}` : scheme === "dark" ? night : "",
    scheme === "auto" ? "" : `:host{color-scheme:${scheme}}`,
  ].join("\n");
}

function accents(rgb: Rgb, ground: Rgb, towards: Rgb, soft: number): string {
  const accent = readable(rgb, ground, towards);
  const on = contrast(accent, WHITE) >= CONTRAST ? WHITE : INK;
  return [
    ["accent", accent], ["accent-strong", mix(accent, towards, 0.18)], ["on-accent", on], ["accent-soft", mix(accent, ground, soft)],
  ].map(([name, colour]) => `--${name as string}:${hex(colour as Rgb)}`).join(";");
}

/** The colour, moved towards black or white in small steps until it can be read on the ground. */
export function readable(rgb: Rgb, ground: Rgb, towards: Rgb): Rgb {
  let found = rgb;
  for (let step = 1; step <= 20 && contrast(found, ground) < CONTRAST; step += 1) found = mix(rgb, towards, step / 20);
  return found;
}

export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

export function parse(colour: string | null | undefined): Rgb | null {
  const found = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(colour ?? "");
  return found === null ? null : [parseInt(found[1]!, 16), parseInt(found[2]!, 16), parseInt(found[3]!, 16)];
}

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(one: Rgb, other: Rgb, share: number): Rgb {
  return one.map((value, index) => Math.round(value + (other[index]! - value) * share)) as unknown as Rgb;
}

function hex(rgb: Rgb): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
