import { describe, expect, it } from "vitest";
import { ApiError } from "./api";
import { cause, problem } from "./problem";
import { translator } from "./text";

const refusal = (status: number, code: string, message: string, more: object = {}): ApiError => new ApiError(status, { code, message, ...more });

describe("what an agent reads after a refusal", () => {
  it("is the server's reason after our words for what kind of refusal it is", () => {
    const error = refusal(409, "conflict", "Remedies wait for their approval.");
    expect(problem(error, translator("en"))).toBe("This is not possible now. Remedies wait for their approval.");
    expect(problem(error, translator("zh"))).toBe("现在不能这样操作。 Remedies wait for their approval.");
    expect(cause(refusal(404, "not_found", "There is no ticket T1."), translator("en"))).toContain("There is no ticket T1.");
  });

  it("is our own sentence for a reason that we have words for", () => {
    const error = refusal(409, "conflict", "lin@x.example is the last owner; make somebody else one first.");
    expect(problem(error, translator("zh"))).toBe("lin@x.example 是最后一位所有者，请先指定另一位。");
  });

  it("names wrong fields that the sentence does not name, and findings instead of the sentence that lists them", () => {
    const fields = [{ field: "title", message: "is missing" }, { field: "owner", message: "is nobody" }];
    const error = refusal(422, "article_invalid", "2 problems: title: is missing", { fields });
    expect(problem(error, translator("en"))).toContain("2 problems: title: is missing · owner: is nobody");
    const refused = refusal(409, "conflict", "1 error(s): publish with accept=true", { findings: ["two prices", 7] });
    expect(problem(refused, translator("en"))).toBe("This is not possible now. two prices");
  });

  it("is our own sentence alone where the code has one", () => {
    expect(problem(refusal(409, "capacity_full", "5 of 5"), translator("en"))).not.toContain("5 of 5");
  });
});
