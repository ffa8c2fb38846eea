// How a file gets to the gateway; loaded with the first one.
import type { ErrorBody, FileRef } from "../shared/protocol";
import { ApiError, type CustomerApi } from "./api";

/** Together longer than the span in which the gateway counts what one person sends. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000];

/**
 * Uploads a file; what the gateway refuses for now, or the network cuts off, goes again by itself a few times.
 * Rejects with ApiError, also when `signal` aborts.
 */
export async function carry(api: CustomerApi, file: File, progress: (share: number) => void, signal: AbortSignal): Promise<FileRef> {
  if (api.token === null) await api.session();
  const bring = () => api.renewing(() => once(api, file, progress, signal));
  for (const wait of WAITS_MS) {
    try {
      return await bring();
    } catch (error) {
      if (!(error instanceof ApiError) || error.details["retryable"] !== true) throw error;
      await pause(Math.max(wait, error.retryAfterS * 1000), signal);
    }
  }
  return bring();
}

/** Only XMLHttpRequest tells how far it is. */
function once(api: CustomerApi, file: File, progress: (share: number) => void, signal: AbortSignal): Promise<FileRef> {
  const voice = file.type.startsWith("audio/") ? "&voice=true" : "";
  const url = `${api.baseUrl}/v1/conversations/current/files?name=${encodeURIComponent(file.name)}${voice}`;
  return new Promise((done, failed) => {
    if (signal.aborted) return failed(aborted());
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Authorization", `Bearer ${api.token ?? ""}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => {
      const answer = parsed(request.responseText) as { file?: FileRef; error?: ErrorBody } | null;
      const { code = "unavailable", message = "The upload failed.", retry_after_s, ...more } = answer?.error ?? {};
      if (request.status === 201 && answer?.file !== undefined) done(answer.file);
      else failed(new ApiError(request.status, code, message, retry_after_s, more));
    };
    request.onerror = request.ontimeout = () => failed(new ApiError(0, "unavailable", "The upload was cut off.", 0, { retryable: true }));
    request.onabort = () => failed(aborted());
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

const aborted = () => new ApiError(0, "aborted", "The upload was cancelled.");

/** Ends early when `signal` aborts. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((over) => {
    setTimeout(over, ms);
    signal.addEventListener("abort", () => over());
  });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's own page
  }
}
