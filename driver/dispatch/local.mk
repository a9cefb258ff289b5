# driver/dispatch
