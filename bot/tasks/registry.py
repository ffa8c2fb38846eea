"""Every Task by its name. Adding one: a file with its Task, one line here, its training lines and its texts."""

from collections.abc import Mapping

from bot.tasks import (
    callback_request,
    cancel_order,
    change_address,
    close_account,
    complaint,
    coupon_check,
    exchange_request,
    invoice_request,
    order_status,
    payment_missing,
    refund_request,
    return_request,
    undo,
    verify_identity,
)
from bot.tasks.task import Task

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        order_status.TASK,
        change_address.TASK,
        cancel_order.TASK,
        return_request.TASK,
        exchange_request.TASK,
        refund_request.TASK,
        invoice_request.TASK,
        coupon_check.TASK,
        payment_missing.TASK,
        verify_identity.TASK,
        close_account.TASK,
        callback_request.TASK,
        complaint.TASK,
        undo.TASK,
    )
}
