import type { Ring } from "./alerts";

const TONES: Readonly<Record<"handoff" | "message", readonly { hertz: number; at: number; seconds: number }[]>> = {
  handoff: [
    { hertz: 660, at: 0, seconds: 0.22 },
    { hertz: 880, at: 0.18, seconds: 0.42 },
  ],
  message: [{ hertz: 740, at: 0, seconds: 0.16 }],
};

/** The console's bell. Browsers allow sound only after a gesture, so it stays silent until `unlock`. */
export class Bell {
  muted = false;
  private audio: AudioContext | null = null;

  /** Call from a click or key press. */
  unlock(): void {
    if (this.audio === null && typeof AudioContext !== "undefined") this.audio = new AudioContext();
    if (this.audio?.state === "suspended") void this.audio.resume();
  }

  ring(ring: Exclude<Ring, null>): void {
    const { audio } = this;
    if (audio === null || this.muted) return;
    for (const { hertz, at, seconds } of TONES[ring]) {
      const start = audio.currentTime + at;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.18, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + seconds);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + seconds);
    }
  }
}
