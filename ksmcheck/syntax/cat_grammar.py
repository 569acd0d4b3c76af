"""The grammar of cat for lark's LALR(1) generator. Precedence grows from `union` to `atom`."""

from __future__ import annotations

GRAMMAR = r"""
start: title body

title:                                      -> no_title
     | STRING                               -> a_title
     | NAME                                 -> a_title

body: statement*

?statement: LET bindings                    -> let
    | LET REC bindings                      -> let_rec
    | role TILDE? check_kind expr alias     -> check
    | SHOW shown (COMMA shown)*             -> show
    | UNSHOW shown (COMMA shown)*           -> show
    | DEBUG expr                            -> debug
    | INCLUDE STRING                        -> include
    | WITH NAME FROM expr                   -> with_from
    | ENUM NAME EQUAL ALT? TAG (ALT TAG)*   -> enum
    | INSTRUCTIONS NAME LBRACKET expr (COMMA expr)* RBRACKET -> instructions
    | PROCEDURE NAME parameters EQUAL body END               -> procedure
    | CALL NAME argument alias              -> call
    | FORALL NAME IN expr DO body END       -> forall
    | IF condition THEN body ELSE body END  -> if_else
    | IF condition THEN body END            -> if_only

role:                                       -> plain_role
    | FLAG                                  -> a_role
    | ASSERT                                -> a_role
    | UNDEFINED_UNLESS                      -> a_role
check_kind: ACYCLIC | IRREFLEXIVE | EMPTY
alias:                                      -> no_alias
     | AS NAME                              -> an_alias
shown: expr alias

bindings: binding (AND binding)*
binding: NAME EQUAL expr                    -> value
    | NAME parameters EQUAL expr            -> function
parameters: LPAR RPAR                       -> no_parameters
    | LPAR NAME (COMMA NAME)* RPAR          -> some_parameters
    | NAME                                  -> one_parameter

?expr: union
    | LET bindings IN expr                  -> let_in
    | LET REC bindings IN expr              -> let_rec_in
    | FUN parameters ARROW expr             -> fun
    | IF condition THEN expr ELSE expr      -> if_expr
    | TRY expr WITH expr                    -> try_expr
    | MATCH expr WITH ALT? case (ALT case)* END -> match
case: TAG ARROW expr                        -> case_tag
    | LBRACE RBRACE ARROW expr              -> case_empty
    | NAME PLUSPLUS NAME ARROW expr         -> case_cons
    | UNIVERSE ARROW expr                   -> case_any

?union: addition | union BAR addition       -> binary
?addition: sequence | addition PLUSPLUS sequence     -> binary
?sequence: difference | sequence SEMI difference     -> binary
?difference: intersection | difference BACKSLASH intersection -> binary
?intersection: product | intersection AMP product    -> binary
?product: prefix | product PRODUCT prefix   -> binary
?prefix: postfix | TILDE prefix
?postfix: application
    | postfix PLUS                          -> closure
    | postfix STAR                          -> closure
    | postfix OPT                           -> closure
    | postfix INVERSE                       -> closure
?application: atom | application argument   -> apply
?atom: argument | LBRACKET expr RBRACKET    -> identity
    | ZERO                                  -> zero
    | UNIVERSE                              -> universe
?argument: NAME                             -> name
    | TAG                                   -> tag
    | LPAR expr RPAR                        -> group
    | LPAR RPAR                             -> tuple_expr
    | LPAR expr (COMMA expr)+ RPAR          -> tuple_expr
    | LBRACE RBRACE                         -> braces
    | LBRACE expr (COMMA expr)* RBRACE      -> braces

?condition: conjunction | condition ALT conjunction  -> logic
?conjunction: negation | conjunction ANDAND negation -> logic
?negation: test | NOT negation              -> not_logic
?test: STRING                               -> variant
    | expr EQUAL expr                       -> compare
    | expr SUBSET expr                      -> compare
    | expr IN expr                          -> compare
    | LPAR condition RPAR                   -> group

%declare STRING NAME TAG ZERO UNIVERSE LET REC AND IN AS FUN IF THEN ELSE NOT MATCH WITH END TRY
%declare ACYCLIC IRREFLEXIVE EMPTY FLAG ASSERT UNDEFINED_UNLESS SHOW UNSHOW DEBUG INCLUDE FROM ENUM
%declare INSTRUCTIONS PROCEDURE CALL FORALL DO SUBSET PLUSPLUS PLUS STAR OPT INVERSE ALT BAR ANDAND
%declare AMP SEMI BACKSLASH TILDE LPAR RPAR LBRACKET RBRACKET LBRACE RBRACE COMMA EQUAL ARROW
%declare PRODUCT
"""
