-- `:DslcScript [keras|torch]`: the script of the spec beside it, in step with it; its lines follow the cursor.
local config = require("dslc.config")

local M = {}

local space = vim.api.nvim_create_namespace("dslc_script")
local views = {} -- by buffer of the spec: { buffer, answer, backend }

local function lines_of(answer)
  if type(answer.text) == "string" then
    return vim.split(answer.text, "\n", { plain = true })
  end
  local lines = { "# There is no script yet:" }
  for _, problem in ipairs(answer.problems or {}) do
    table.insert(lines, "# " .. problem:gsub("%s", " "))
  end
  return lines
end

local function show(view, answer)
  if type(answer.text) ~= "string" and view.answer and type(view.answer.text) == "string" then
    return -- the last good script stays while the spec has mistakes
  end
  view.answer = answer
  vim.bo[view.buffer].modifiable = true
  vim.api.nvim_buf_set_lines(view.buffer, 0, -1, false, lines_of(answer))
  vim.bo[view.buffer].modifiable = false
end

local function ask(client, spec, view)
  local params = {
    command = "dslc.openScript",
    arguments = { vim.uri_from_bufnr(spec), view.model or vim.NIL, view.backend or vim.NIL },
  }
  config.request(client, "workspace/executeCommand", params, function(problem, answer)
    if not problem and type(answer) == "table" and vim.api.nvim_buf_is_valid(view.buffer) then
      show(view, answer)
    end
  end, spec)
end

-- Mark what belongs to the line of the cursor, and bring it into view.
local function follow(spec)
  local view = views[spec]
  if not view or not vim.api.nvim_buf_is_valid(view.buffer) or not view.answer then
    return
  end
  vim.api.nvim_buf_clear_namespace(view.buffer, space, 0, -1)
  local line = vim.api.nvim_win_get_cursor(0)[1]
  local found = (view.answer.toScript or {})[line]
  if type(found) ~= "table" then
    return
  end
  local count = vim.api.nvim_buf_line_count(view.buffer)
  for at = found[1], math.min(found[2], count - 1) do
    local line_text = vim.api.nvim_buf_get_lines(view.buffer, at, at + 1, false)[1]
    vim.api.nvim_buf_set_extmark(view.buffer, space, at, 0, { end_col = #line_text, hl_group = "Visual" })
  end
  for _, window in ipairs(vim.fn.win_findbuf(view.buffer)) do
    vim.api.nvim_win_set_cursor(window, { math.min(found[1] + 1, count), 0 })
  end
end

function M.open(client, spec, backend, model)
  local view = views[spec]
  if not view or not vim.api.nvim_buf_is_valid(view.buffer) then
    view = { buffer = vim.api.nvim_create_buf(false, true) }
    views[spec] = view
    vim.bo[view.buffer].bufhidden = "wipe"
    vim.bo[view.buffer].filetype = "python"
    vim.cmd("rightbelow vsplit")
    vim.api.nvim_win_set_buf(0, view.buffer)
    vim.cmd("wincmd p")
  end
  if backend ~= "" then
    view.backend = backend
  end
  view.model = model
  ask(client, spec, view)
end

function M.attach(client, spec)
  vim.api.nvim_buf_create_user_command(spec, "DslcScript", function(call)
    M.open(client, spec, call.args)
  end, {
    nargs = "?",
    desc = "Show the script of this spec",
    complete = function()
      return { "keras", "torch" }
    end,
  })
  vim.api.nvim_create_autocmd({ "TextChanged", "InsertLeave" }, {
    buffer = spec,
    callback = function()
      if views[spec] and vim.api.nvim_buf_is_valid(views[spec].buffer) then
        ask(client, spec, views[spec])
      end
    end,
  })
  vim.api.nvim_create_autocmd("CursorMoved", {
    buffer = spec,
    callback = function()
      follow(spec)
    end,
  })
end

return M
