import { describe, expect, it } from "vitest";
import { warningsOf } from "./warnings";

describe("warnings before sending", () => {
  it.each([
    ["我们会在48小时内回复您", "warning.promise"],
    ["退款3-5个工作日到账", "warning.promise"],
    ["我明天下午给您答复", "warning.promise"],
    ["保证给您处理好", "warning.promise"],
    ["We will get back to you by Friday.", "warning.promise"],
    ["It arrives within two business days", "warning.promise"],
    ["您先冷静一下", "warning.tone"],
    ["不是说了吗，自己看", "warning.tone"],
    ["Please calm down.", "warning.tone"],
    ["As I already said, no.", "warning.tone"],
    ["PLEASE READ WHAT I WROTE", "warning.tone"],
    ["卡号是 6222 0201 1234 5678 901 对吗", "warning.private"],
    ["您的验证码是 4821", "warning.private"],
    ["Your password is hunter2", "warning.private"],
  ])("%s → %s", (text, warning) => {
    expect(warningsOf(text)).toContain(warning);
  });

  it.each([
    "好的，我帮您查一下", "您的订单 LY20261103001 已经发货", "请问您想退还是换？", "The order number is LY20261103001.",
    "What day did it arrive?", "OK", "您什么时候方便接电话？", "Is there anything else I can do?",
  ])("none for: %s", (text) => {
    expect(warningsOf(text)).toEqual([]);
  });
});
