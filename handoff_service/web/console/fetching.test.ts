import { describe, expect, it } from "vitest";
import { ApiError } from "./api";
import { Fetching } from "./fetching";

function later<T>(): { promise: Promise<T>; answer: (value: T) => void; refuse: (error: unknown) => void } {
  let answer: (value: T) => void = () => undefined;
  let refuse: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    answer = yes;
    refuse = no;
  });
  return { promise, answer, refuse };
}

describe("what a page asks for", () => {
  it("shows the newest question's answer, whichever comes first, and no late refusal", async () => {
    const fetching = new Fetching();
    const shown: string[] = [];
    const [slow, refused, quick] = [later<string>(), later<string>(), later<string>()];
    const asked = [slow, refused, quick].map((one) => fetching.ask("ticket", () => one.promise, (text) => shown.push(text)));
    quick.answer("second");
    slow.answer("first");
    refused.refuse(new ApiError(404, {}));
    await Promise.all(asked);
    expect([shown, fetching.failed.value]).toEqual([["second"], null]);
  });

  it("shows nothing of what was forgotten", async () => {
    const fetching = new Fetching();
    const shown: string[] = [];
    const slow = later<string>();
    const asked = fetching.ask("ticket", () => slow.promise, (text) => shown.push(text));
    fetching.forget("ticket");
    slow.answer("first");
    await asked;
    expect(shown).toEqual([]);
  });

  it("keeps a failure until the same question is answered, and throws what is no refusal", async () => {
    const fetching = new Fetching();
    const fail = async (): Promise<never> => Promise.reject(new ApiError(503, { message: "later" }));
    await fetching.ask("list", fail, () => undefined);
    await fetching.ask("ticket", async () => 1, () => undefined);
    expect(fetching.failed.value?.status).toBe(503);
    await fetching.ask("list", async () => 1, () => undefined);
    expect(fetching.failed.value).toBe(null);
    await expect(fetching.ask("list", async () => Promise.reject(new TypeError("bug")), () => undefined)).rejects.toThrow("bug");
  });

  it("keeps one part's failure while another part is answered or fails, and none of what was forgotten", async () => {
    const fetching = new Fetching();
    const fail = (status: number) => async (): Promise<never> => Promise.reject(new ApiError(status, {}));
    await fetching.ask("list", fail(503), () => undefined);
    await fetching.ask("ticket", fail(404), () => undefined);
    expect(fetching.failed.value?.status).toBe(404);
    fetching.forget("ticket");
    expect([fetching.failed.value?.status, fetching.hasFailed("list"), fetching.hasFailed("ticket")]).toEqual([503, true, false]);
    fetching.forget("list");
    expect(fetching.failed.value).toBe(null);
  });
});
