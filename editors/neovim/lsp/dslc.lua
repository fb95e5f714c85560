-- For `vim.lsp.enable("dslc")` of Neovim 0.11 and newer.
return require("dslc.config").defaults()
