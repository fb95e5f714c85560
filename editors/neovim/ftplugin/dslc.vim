if exists("b:did_ftplugin")
  finish
endif
let b:did_ftplugin = 1

" As `dslc fmt` writes it: two blanks, comments behind `#`.
setlocal shiftwidth=2 softtabstop=2 expandtab
setlocal autoindent
setlocal comments=:# commentstring=#\ %s
setlocal formatoptions-=t formatoptions+=croql
setlocal suffixesadd=.dl

let b:undo_ftplugin = "setlocal shiftwidth< softtabstop< expandtab< autoindent<"
      \ . " comments< commentstring< formatoptions< suffixesadd<"
